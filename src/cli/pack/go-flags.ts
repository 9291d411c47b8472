/** Converts flags in the forms that only Go's pflag accepts. */

import { optionNames, type OptionGroup } from '../command.ts'

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False'])

/**
 * Converts `--publish=true` and `-e=NAME=value`, which commander refuses or reads differently. `--publish=false` is left out.
 * @param groups the options of all commands; a name that has a value in one of them keeps it
 */
export function convertGoFlags(argv: readonly string[], groups: readonly OptionGroup[]): readonly string[] {
  const options = groups.flatMap((group) => Object.values(group.options))
  const namesOf = (isSwitch: boolean): Set<string> =>
    new Set(options.filter(({ kind }) => (kind === 'flag') === isSwitch).flatMap((option) => optionNames(option)))
  const valued = namesOf(false)
  const switches = new Set([...namesOf(true)].filter((name) => !valued.has(name)))
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  return argv.flatMap((word, index) => {
    const [, name = '', value = ''] = /^(-\w|--[\w-]+)=(.*)$/s.exec(word) ?? []
    if (index >= end || name === '') return [word]
    if (switches.has(name)) return TRUE.has(value) ? [name] : FALSE.has(value) ? [] : [word]
    return [name.startsWith('--') ? word : name + value]
  })
}
