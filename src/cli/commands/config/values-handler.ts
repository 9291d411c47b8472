/** Handlers of the `cnb config` commands for single values. Texts are those of pack. */

import { CnbError } from '../../../base/errors.ts'
import { stringOf } from '../../../formats/lenient-values.ts'
import { changeSetting, checkBuilder, readSetting } from '../../../operations/config/change-settings.ts'
import type { KeyName } from '../../../operations/config/config-keys.ts'
import type { Outcome } from '../../../ui/reporter.ts'
import type { Theme } from '../../../ui/theme.ts'
import type { CommandContext, Handler } from '../../command.ts'

interface Values {
  readonly unset?: boolean
}

/** The text for each outcome. */
interface Words {
  /** Without a value, `value` is the default, or undefined. */
  shown(value: string | undefined, theme: Theme): string
  set(value: string, theme: Theme): string
  unset(old: string, theme: Theme): string
  /** After --unset without a value. */
  readonly none: string
}

/** @param word the command's word, which is the key of the JSON output */
async function change(word: string, name: KeyName, value: string, { unset = false }: Values, { host, context }: CommandContext, words: Words): Promise<Outcome> {
  if (unset && value !== '') throw new CnbError('CNB_USAGE', `'${value}' and --unset cannot be used together`, { hint: 'Use only one of them.' })
  const old = stringOf(await readSetting(name, host, context))
  const data = (now: string | undefined): object => ({ [word]: now ?? null })
  if (unset) {
    if (old !== undefined) await changeSetting(name, undefined, host, context)
    return { data: data(undefined), line: '', text: (theme) => (old === undefined ? words.none : words.unset(old, theme)) }
  }
  if (value === '') return { data: data(old), line: old ?? '', text: (theme) => words.shown(old, theme) }
  await changeSetting(name, value, host, context)
  return { data: data(value), line: value, text: (theme) => words.set(value, theme) }
}

export const runDefaultBuilder: Handler<Values> = async (builder, values, session) => {
  if (builder !== '' && !values.unset) await checkBuilder(builder, session, session.context)
  return change('default-builder', 'default-builder-image', builder, values, session, {
    shown: (value, theme) =>
      value === undefined ? `No default builder is set.\n\nFor suggested builders, run '${session.dialect.program} builder suggest'.` : `The current default builder is ${theme.name(value)}`,
    set: (value, theme) => `Builder ${theme.name(value)} is now the default builder`,
    unset: (old, theme) => `Successfully unset default builder ${theme.name(old)}`,
    none: 'No default builder was set',
  })
}

export const runPullPolicy: Handler<Values> = (policy, values, session) =>
  change('pull-policy', 'pull-policy', policy, values, session, {
    shown: (value = 'always', theme) => `The current pull policy is ${theme.name(value)}`,
    set: (value, theme) => `Successfully set ${theme.name(value)} as the pull policy`,
    unset: (old, theme) => `Successfully unset pull policy ${theme.name(old)}\nPull policy has been set to ${theme.name('always')}`,
    none: 'No pull policy was set',
  })

export const runLifecycleImage: Handler<Values> = (image, values, session) =>
  change('lifecycle-image', 'lifecycle-image', image, values, session, {
    shown: (value, theme) => (value === undefined ? "No custom lifecycle image is set. The builder's lifecycle will be used." : `The current custom lifecycle image is ${theme.name(value)}`),
    set: (value, theme) => `Image ${theme.name(value)} will now be used as the lifecycle image`,
    unset: (old, theme) => `Successfully unset custom lifecycle image ${theme.name(old)}`,
    none: 'No custom lifecycle image was set.',
  })

export const runExperimental: Handler<object> = async (text, _values, { host, context }) => {
  if (text !== '') await changeSetting('experimental', text, host, context)
  const value = (await readSetting('experimental', host, context)) === true
  const shown = value ? 'Experimental features are enabled!' : "Experimental features aren't currently enabled."
  const changed = value ? 'Experimental features enabled!' : 'Experimental features disabled'
  return { data: { experimental: value }, line: String(value), text: () => (text === '' ? shown : changed) }
}
