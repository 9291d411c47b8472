/** Definitions of `cnb config list`, `get`, `set`, `unset` and `edit`. */

import { defineCommand, defineCommandOnSeveral, MAKING_FORMATS, SHOWING_FORMATS } from '../../command.ts'

const key = { name: 'key', description: 'key of the configuration file, such as pull-policy' } as const

const listSettingsCommand = defineCommand({
  name: 'config list',
  summary: 'list all settings and where each is from',
  description: "Lists the settings that commands in this directory use, and the environment variable or the line of the file that each is from. A builder in project.toml precedes the default builder.",
  formats: SHOWING_FORMATS,
  groups: [],
  examples: [
    { line: 'cnb config list', does: 'list values and origins' },
    { line: 'cnb config list --output json', does: 'print them for a program' },
  ],
  load: async () => (await import('./settings-handler.ts')).runListSettings,
})

const getSettingCommand = defineCommand({
  name: 'config get',
  summary: 'print the value of a setting',
  description: 'Prints the value of a setting: that of the environment variable, of the configuration file, or the default. Without any, the exit code is 1.',
  argument: key,
  formats: SHOWING_FORMATS,
  groups: [],
  examples: [
    { line: 'cnb config get pull-policy', does: 'print the pull policy' },
    { line: 'cnb config get default-builder-image --output json', does: 'print the builder and its origin' },
  ],
  load: async () => (await import('./settings-handler.ts')).runGetSetting,
})

const setSettingCommand = defineCommandOnSeveral({
  name: 'config set',
  summary: 'set a value in the configuration file',
  description: 'Checks a value and writes it to the configuration file. Comments and other keys stay. For lists, there are other commands, such as cnb config trusted-builders.',
  argument: { ...key, second: 'value' },
  formats: MAKING_FORMATS,
  groups: [],
  examples: [
    { line: 'cnb config set pull-policy if-not-present', does: 'pull only absent images' },
    { line: 'cnb config set if-changed true', does: 'keep images without a change' },
  ],
  load: async () => (await import('./settings-handler.ts')).runSetSetting,
})

const unsetSettingCommand = defineCommand({
  name: 'config unset',
  summary: 'remove a value from the configuration file',
  description: 'Removes a value from the configuration file: the default applies again.',
  argument: key,
  formats: MAKING_FORMATS,
  groups: [],
  examples: [
    { line: 'cnb config unset pull-policy', does: 'return to the default pull policy' },
    { line: 'cnb config unset default-builder-image', does: 'remove the default builder' },
  ],
  load: async () => (await import('./settings-handler.ts')).runUnsetSetting,
})

const editConfigCommand = defineCommand({
  name: 'config edit',
  summary: 'open the configuration file in an editor',
  description: 'Opens a copy of the configuration file in $VISUAL or $EDITOR. If the result is valid, it replaces the file. Otherwise the file stays as it is, and the text is stored in config.toml.rejected.',
  formats: MAKING_FORMATS,
  groups: [],
  examples: [
    { line: 'cnb config edit', does: 'edit the file' },
    { line: 'cnb config edit --output json', does: 'edit it, print its path for a program' },
  ],
  load: async () => (await import('./settings-handler.ts')).runEditConfig,
})

export const SETTING_COMMANDS = [listSettingsCommand, getSettingCommand, setSettingCommand, unsetSettingCommand, editConfigCommand]
