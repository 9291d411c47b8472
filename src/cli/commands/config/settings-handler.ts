/** Handlers of `cnb config list`, `get`, `set`, `unset` and `edit`. */

import { CnbError } from '../../../base/errors.ts'
import { isTable } from '../../../formats/lenient-values.ts'
import { changeSetting, keyNamed, readSetting } from '../../../operations/config/change-settings.ts'
import { CONFIG_KEYS, type KeyName } from '../../../operations/config/config-keys.ts'
import { editByHand } from '../../../operations/config/edit-by-hand.ts'
import { getSetting, listSettings, type Origin, type Setting } from '../../../operations/config/list-settings.ts'
import type { Host } from '../../../operations/services.ts'
import { sanitizeLine } from '../../../ui/sanitize.ts'
import { formatTable } from '../../../ui/table.ts'
import type { Theme } from '../../../ui/theme.ts'
import type { Handler, HandlerOfSeveral } from '../../command.ts'

const clean = (text: string): string => sanitizeLine(text, false)

export const runListSettings: Handler<object> = async (_argument, _values, { host, context }) => {
  const listed = await listSettings(host, context)
  const rows = listed.settings.map(({ key, value, origin }) => [key, valueText(value), originText(origin)])
  const columns = [{ title: 'KEY' }, { title: 'VALUE' }, { title: 'ORIGIN' }]
  return { data: listed, line: rows.map(([key, value]) => clean(`${key}=${value}`)).join('\n'), text: (theme) => formatTable(columns, rows, theme).join('\n') }
}

/** Formats a value of any key; items of lists are tables. */
function valueText(value: Setting['value']): string {
  if (value === null) return ''
  if (!isTable(value)) return typeof value === 'string' ? value : JSON.stringify(value)
  const { image, registry, name, url, mirrors } = value as { image?: string; registry?: string; name?: string; url?: string; mirrors?: string[] }
  return `${image ?? registry ?? name}: ${mirrors?.join(', ') ?? url}`
}

function originText(origin: Origin): string {
  switch (origin.kind) {
    case 'environment':
      return origin.variable
    case 'file':
      return origin.line === undefined ? origin.file : `${origin.file}:${origin.line}`
    case 'default':
      return 'default'
    case 'unset':
      return 'not set'
  }
}

export const runGetSetting: Handler<object> = async (key, _values, { host, context }) => {
  const setting = await getSetting(keyNamed(key), host, context)
  const text = clean(valueText(setting.value))
  return { data: setting, line: text, text: () => text, ...(setting.value === null ? { exit: 1 } : {}) }
}

export const runSetSetting: HandlerOfSeveral<object> = async ([key = '', value = ''], _values, { host, context }) => {
  const name = keyNamed(key)
  const file = await changeSetting(name, value, host, context)
  const set = await readSetting(name, host, context)
  return { data: { key, value: set, file }, line: clean(String(set)), text: (theme) => `${theme.name(clean(key))} is ${theme.name(clean(value))} in ${file}${otherValue(name, host, theme)}` }
}

export const runUnsetSetting: Handler<object> = async (key, _values, { host, context }) => {
  const name = keyNamed(key)
  const old = await readSetting(name, host, context)
  const file = await changeSetting(name, undefined, host, context)
  const text = (theme: Theme): string => `${theme.name(key)} ${old === undefined ? 'was not set' : 'is unset'} in ${file}${otherValue(name, host, theme)}`
  return { data: { key, previous: old ?? null, file }, line: '', text }
}

/** Returns a note that an environment variable replaces the value of the file. */
function otherValue(name: KeyName, { env }: Host, theme: Theme): string {
  const { variable = '' } = CONFIG_KEYS[name]
  return env[variable] ? `\n${theme.warning(`The environment variable ${variable} replaces it: ${clean(env[variable])}`)}` : ''
}

export const runEditConfig: Handler<object> = async (_argument, _values, { host, context, confirm }) => {
  if (!confirm) throw new CnbError('CNB_USAGE', 'cannot edit the configuration file without a terminal', { hint: "Use 'cnb config set'." })
  const result = await editByHand(host, context)
  return { data: result, line: result.file, text: (theme) => `${theme.name(result.file)} ${result.changed ? 'is changed' : 'is as before'}` }
}
