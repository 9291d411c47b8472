/** The documents that `npm run docs` generates from the program. test/unit/documents/ compares them. */

import { ERRORS, type ErrorCode } from '../../../src/base/errors.ts'
import { formatArgument } from '../../../src/cli/command.ts'
import { COMMANDS } from '../../../src/cli/command-list.ts'
import { parseCommandLine } from '../../../src/cli/program.ts'
import { CHECK_TITLES } from '../conformance/check-titles.ts'
import { CHECKS, type Check } from '../conformance/conformance.ts'
import { ERROR_ADVICE } from './error-advice.ts'

export const NOTE = '<!-- Generated from the source: `npm run docs`. Do not edit. -->'

/** docs/commands.md: the help of every command. */
export function commandReference(): string {
  const rows = COMMANDS.map(({ name, argument, summary }) => [`[\`${['cnb', name, ...(argument ? [formatArgument(argument)] : [])].join(' ')}\`](#cnb-${name.replaceAll(' ', '-')})`, summary])
  const sections = COMMANDS.map(({ name }) => `## cnb ${name}\n\n\`\`\`text\n${helpOf(name)}\n\`\`\``)
  return `# Command reference

${NOTE}

${table(['command', 'purpose'], rows)}

How results and progress are printed, and the exit codes: [output.md](output.md). Words: [the glossary](architecture.md#glossary).

${sections.join('\n\n')}
`
}

function helpOf(name: string): string {
  const parsed = parseCommandLine([...name.split(' '), '--help'])
  if (parsed.kind !== 'print') throw new Error(`'${name} --help' is not help`)
  return parsed.text
}

/** docs/errors.md: every error code. */
export function errorReference(): string {
  const rows = Object.entries(ERRORS).map(([code, { exit, meaning }]) => [`\`${code}\``, String(exit), meaning, ERROR_ADVICE[code as ErrorCode]])
  return `# Error codes

${NOTE}

An error message says what failed, in the words of the engine, the registry or the lifecycle if there are any. A hint says what to do, and
one of these codes identifies the error. \`--verbose\` adds the stack trace. With \`--output json\` the error is an object on stdout:
\`{"schemaVersion":1,"error":{"code","message","hint","exit"}}\`.

A failed lifecycle phase ends with its own exit code, such as 21 or 52; the number in the table is the fallback. All exit codes:
[output.md](output.md#exit-codes).

${table(['code', 'exit', 'meaning', 'advice'], rows)}
`
}

/** docs/conformance.md: the checks and their tests. A tested check passes, or the tests fail. */
export function conformanceReference(): string {
  const checks = Object.entries(CHECKS)
  const numbers = (tested: Check['tested']): number => checks.filter(([, check]) => check.tested === tested).length
  const [both, elsewhere, nativeOnly] = [numbers('both drivers'), numbers('elsewhere'), numbers('native only')]
  const counts: [string, number, number][] = [
    ['pass, each run with this driver', both + nativeOnly, both],
    ['pass, in tests of what both drivers share', elsewhere, elsewhere],
    ['**pass**', both + nativeOnly + elsewhere, both + elsewhere],
    ['are refused: image extensions, registries, OCI layouts', 0, nativeOnly],
  ]
  return `# Conformance

${NOTE}

85 checks cover the demands of the [buildpacks specification](https://github.com/buildpacks/spec) on a platform, as far as a test can
check them. \`test/support/conformance/conformance.ts\` says where each check is tested; \`test/unit/conformance.test.ts\` fails when a test is not
there. The tests in \`test/e2e/conformance/\` have the checks' numbers in their titles and run with both drivers
([architecture.md](architecture.md#the-two-drivers)).

${table([`of ${checks.length} checks`, 'native', 'stock'], counts.map((row) => row.map(String)))}

Beyond the checks, both drivers make the same image, byte for byte: of the apps in \`fixtures/apps\` (\`build-apps.test.ts\`) and of a
buildpack that tries to make them differ (\`parity.test.ts\`, with a table of where the stock lifecycle ends otherwise). A rebased image is
the lifecycle rebaser's in about a hundred cases (\`rebase-table.test.ts\`, with all differences and their reasons). \`hostile.test.ts\` tests a
hostile buildpack's view and attempts.

## The checks

${table(['', 'check', 'tested'], checks.map(([number, check]) => [number, CHECK_TITLES[Number(number)] ?? '', placeOf(check)]))}
`
}

function placeOf(check: Check): string {
  switch (check.tested) {
    case 'both drivers':
      return 'both drivers'
    case 'native only':
      return 'native only'
    case 'elsewhere':
      return 'shared code'
  }
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}
