/** README.md says what the program says. `vitest --update` on this file writes those parts anew. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERRORS } from '../../../src/base/errors.ts'
import { formatArgument } from '../../../src/cli/command.ts'
import { COMMANDS, parseCommandLine } from '../../../src/cli/program.ts'
import { CHECKS, type Check } from '../../support/conformance/conformance.ts'

const README = join(import.meta.dirname, '../../../README.md')

function helpOf(name: string): string {
  const parsed = parseCommandLine([...name.split(' '), '--help'])
  if (parsed.kind !== 'print') throw new Error(`'${name} --help' is not help`)
  return parsed.text
}

function commandReference(): string {
  const link = (name: string): string => `#cnb-${name.replaceAll(' ', '-')}`
  const rows = COMMANDS.map(({ name, argument, summary }) => `| [\`cnb ${name} ${formatArgument(argument)}\`](${link(name)}) | ${summary} |`)
  const sections = COMMANDS.map(({ name }) => `### cnb ${name}\n\n\`\`\`text\n${helpOf(name)}\n\`\`\``)
  return `| command | what it does |\n|---|---|\n${rows.join('\n')}\n\n${sections.join('\n\n')}`
}

function errorTable(): string {
  const rows = Object.entries(ERRORS).map(([code, { exit, meaning }]) => `| \`${code}\` | ${exit} | ${meaning} |`)
  return `| code | exit | meaning |\n|---|---|---|\n${rows.join('\n')}`
}

/** How many of the conformance checks pass, per driver: what is tested passes, or the tests do not. */
function conformanceTable(): string {
  const checks = Object.entries(CHECKS)
  const numbers = (tested: Check['tested']): number => checks.filter(([, check]) => check.tested === tested).length
  const [both, elsewhere, nativeOnly, notYet] = [numbers('both drivers'), numbers('elsewhere'), numbers('native only'), numbers('not yet')]
  const reasons = new Map<string, string[]>()
  for (const [number, check] of checks) if (check.tested === 'not yet') reasons.set(check.why, [...(reasons.get(check.why) ?? []), number])
  const rows: [string, number, number][] = [
    ['pass, each run with this driver', both + nativeOnly, both],
    ['pass, in tests of what both drivers share', elsewhere, elsewhere],
    ['**pass**', both + nativeOnly + elsewhere, both + elsewhere],
    ['are refused: image extensions, registries', 0, nativeOnly],
    ['do not apply yet', notYet, notYet],
  ]
  const table = rows.map(([what, native, stock]) => `| ${what} | ${native} | ${stock} |`).join('\n')
  const list = [...reasons].map(([why, which]) => `- ${which.join(', ')}: ${why}`).join('\n')
  return `| of ${checks.length} checks | native | stock |\n|---|---|---|\n${table}\n\nNot yet:\n\n${list}`
}

/** `text` with what is between `<!-- name -->` and `<!-- /name -->` replaced. */
function withPart(text: string, name: string, part: string): string {
  const [before, rest] = text.split(`<!-- ${name} -->\n`)
  const after = rest?.split(`<!-- /${name} -->`)[1]
  if (before === undefined || after === undefined) throw new Error(`README.md has no place for ${name}`)
  return `${before}<!-- ${name} -->\n\n${part}\n\n<!-- /${name} -->${after}`
}

describe('README.md', () => {
  it("has the commands' help, the error codes and the conformance count as they are", async () => {
    const parts = { commands: commandReference(), errors: errorTable(), conformance: conformanceTable() }
    const readme = Object.entries(parts).reduce((text, [name, part]) => withPart(text, name, part), await readFile(README, 'utf8'))
    await expect(readme).toMatchFileSnapshot(README)
  })

  it('has its parts in the order in which they are needed', async () => {
    const titles = [...(await readFile(README, 'utf8')).matchAll(/^## (.*)$/gm)].map(([, title]) => title)
    expect(titles).toEqual(['Quick start', 'Commands', 'How it is built', 'Error codes', 'Security', 'Compatibility and limits'])
  })
})
