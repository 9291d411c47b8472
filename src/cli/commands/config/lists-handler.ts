/** Handlers of the `cnb config` commands for lists. Texts are those of pack. */

import { CnbError } from '../../../base/errors.ts'
import {
  addRunImageMirrors, addTrustedBuilder, listRegistryMirrors, listRunImageMirrors, listTrustedBuilders, removeRegistryMirror, removeRunImageMirrors,
  removeTrustedBuilder, setRegistryMirror,
} from '../../../operations/config/change-lists.ts'
import type { Outcome } from '../../../ui/reporter.ts'
import type { Theme } from '../../../ui/theme.ts'
import type { HandlerOfSeveral } from '../../command.ts'

type Text = (theme: Theme) => string

interface MirrorValues {
  readonly mirrors?: string[]
}

/** Splits the arguments into the action and its name. `list` may have a name too. */
function actionOf(given: readonly string[]): { action: 'list' | 'add' | 'remove'; name: string } {
  const [action = 'list', name = '', ...more] = given
  if (action !== 'list' && action !== 'add' && action !== 'remove') throw new CnbError('CNB_USAGE', `unknown action '${action}'`, { hint: 'Use list, add or remove.' })
  if (more.length > 0 || (action !== 'list' && name === '')) {
    throw new CnbError('CNB_USAGE', `'${action}' requires one name`, { hint: `For example: ${action} registry.example/name` })
  }
  return { action, name }
}

function changed(data: object, text: Text): Outcome {
  return { data, line: '', text }
}

export const runTrustedBuilders: HandlerOfSeveral<object> = async (given, _values, { host, context, dialect }) => {
  const { action, name } = actionOf(given)
  switch (action) {
    case 'list': {
      const builders = await listTrustedBuilders(host, context)
      return { data: { trustedBuilders: builders }, line: builders.join('\n'), text: () => ['Trusted Builders:', ...builders.map((builder) => `  ${builder}`)].join('\n') }
    }
    case 'add': {
      const isNew = await addTrustedBuilder(name, host, context)
      return changed({ name, added: isNew }, (theme) => `Builder ${theme.name(name)} is ${isNew ? 'now' : 'already'} trusted`)
    }
    case 'remove': {
      const removed = await removeTrustedBuilder(name, host, context)
      if (!removed && (await listTrustedBuilders(host, context)).includes(name)) {
        throw new CnbError('CNB_USAGE', `Builder '${name}' is a known trusted builder, which ${dialect.program} cannot untrust`, { hint: 'Use --lifecycle native, which trusts no builder.' })
      }
      return changed({ name, removed }, (theme) => `Builder ${theme.name(name)} ${removed ? 'is no longer' : "wasn't"} trusted`)
    }
  }
}

export const runRunImageMirrors: HandlerOfSeveral<MirrorValues> = async (given, { mirrors = [] }, { host, context }) => {
  const { action, name } = actionOf(given)
  switch (action) {
    case 'list': {
      const runImages = (await listRunImageMirrors(host, context)).filter(({ image }) => name === '' || image === name)
      const lines: Text = (theme) => runImages.flatMap((entry) => [`  ${theme.name(entry.image)}:`, ...entry.mirrors.map((mirror) => `    ${mirror}`)]).join('\n')
      const none: Text = (theme) => `No run image mirrors have been set${name === '' ? '' : ` for ${theme.name(name)}`}`
      return { data: { runImages }, line: '', text: (theme) => (runImages.length > 0 ? `Run Image Mirrors:\n${lines(theme)}` : none(theme)) }
    }
    case 'add':
      if (mirrors.length === 0) return changed({ image: name, added: [] }, () => 'No run image mirrors were provided.')
      await addRunImageMirrors(name, mirrors, host, context)
      return changed({ image: name, added: mirrors }, (theme) => mirrors.map((mirror) => `Run Image ${theme.name(name)} configured with mirror ${theme.name(mirror)}`).join('\n'))
    case 'remove': {
      const removed = await removeRunImageMirrors(name, mirrors, host, context)
      const text: Text = (theme) => (mirrors.length > 0 ? `Removed mirrors ${mirrors.join(', ')} for ${theme.name(name)}` : `Removed all run image mirrors for ${theme.name(name)}`)
      return changed({ image: name, removed }, (theme) => (removed ? text(theme) : `No run image mirrors have been set for ${theme.name(name)}`))
    }
  }
}

export const runRegistryMirrors: HandlerOfSeveral<MirrorValues> = async (given, { mirrors = [] }, { host, context }) => {
  const { action, name } = actionOf(given)
  switch (action) {
    case 'list': {
      const registryMirrors = await listRegistryMirrors(host, context)
      const lines: Text = (theme) => Object.entries(registryMirrors).map(([registry, hosts]) => `  ${registry}: ${hosts.map((mirror) => theme.name(mirror)).join(', ')}`).join('\n')
      const isEmpty = Object.keys(registryMirrors).length === 0
      return { data: { registryMirrors }, line: '', text: (theme) => (isEmpty ? 'No registry mirrors have been set' : `Registry Mirrors:\n${lines(theme)}`) }
    }
    case 'add': {
      const mirror = mirrors.at(-1)
      if (mirror === undefined) return changed({ registry: name, mirror: null }, () => 'A registry mirror was not provided.')
      await setRegistryMirror(name, mirror, host, context)
      return changed({ registry: name, mirror }, (theme) => `Registry ${theme.name(name)} configured with mirror ${theme.name(mirror)}`)
    }
    case 'remove': {
      const removed = await removeRegistryMirror(name, host, context)
      return changed({ registry: name, removed }, (theme) => (removed ? `Removed mirror for ${theme.name(name)}` : `No registry mirror has been set for ${theme.name(name)}`))
    }
  }
}
