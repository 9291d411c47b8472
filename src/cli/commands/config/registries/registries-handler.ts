/** Handlers of `cnb config registries`. */

import { addRegistry, listRegistries, removeRegistry, setDefaultRegistry, unsetDefaultRegistry } from '../../../../operations/config/buildpack-registries.ts'
import { sanitizeText } from '../../../../ui/sanitize.ts'
import type { Outcome } from '../../../../ui/reporter.ts'
import type { Handler, HandlerOfSeveral } from '../../../command.ts'

const said = (message: string, data: object): Outcome => ({ data, line: message, text: () => message })

export const runListRegistries: Handler<object> = async (_argument, _values, { host, context }) => {
  const registries = await listRegistries(host, context)
  const width = Math.max(...registries.map(({ name }) => name.length))
  const lines = registries.map((registry) => sanitizeText(`${registry.default ? '*' : ' '} ${registry.name.padEnd(width)}  ${registry.url}`))
  return { data: { registries }, line: registries.map(({ name }) => name).join('\n'), text: () => lines.join('\n') }
}

export const runAddRegistry: HandlerOfSeveral<{ default?: boolean; type?: 'github' | 'git' }> = async ([name = '', url = ''], { default: setDefault = false, type = 'github' }, { host, context }) => {
  return said(`Successfully added '${name}' to registries`, await addRegistry({ name, type, url }, setDefault, host, context))
}

export const runRemoveRegistry: Handler<object> = async (name, _values, { host, context }) => {
  await removeRegistry(name, host, context)
  return said(`Successfully removed '${name}' from registries`, { name })
}

export const runDefaultRegistry: Handler<{ unset?: boolean }> = async (name, { unset = false }, { host, context }) => {
  if (unset) {
    const old = await unsetDefaultRegistry(host, context)
    return said(`Successfully unset default registry '${old}'\nDefault registry has been set to 'official'`, { default: 'official' })
  }
  if (name === '') {
    const current = (await listRegistries(host, context)).find((registry) => registry.default)?.name ?? ''
    return { data: { default: current }, line: current, text: () => `The current default registry is '${current}'` }
  }
  await setDefaultRegistry(name, host, context)
  return said(`Successfully set '${name}' as the default registry`, { default: name })
}
