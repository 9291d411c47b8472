/** README.md says what the program says. `vitest --update` on this file writes the two parts anew. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERRORS } from '../../../src/base/errors.ts'
import { COMMANDS, parseCommandLine } from '../../../src/cli/program.ts'

const README = join(import.meta.dirname, '../../../README.md')

function helpOf(name: string): string {
  const parsed = parseCommandLine([...name.split(' '), '--help'])
  if (parsed.kind !== 'print') throw new Error(`'${name} --help' is not help`)
  return parsed.text
}

function commandReference(): string {
  const link = (name: string): string => `#cnb-${name.replaceAll(' ', '-')}`
  const rows = COMMANDS.map(({ name, argument, summary }) => `| [\`cnb ${name} <${argument.name}>\`](${link(name)}) | ${summary} |`)
  const sections = COMMANDS.map(({ name }) => `### cnb ${name}\n\n\`\`\`text\n${helpOf(name)}\n\`\`\``)
  return `| command | what it does |\n|---|---|\n${rows.join('\n')}\n\n${sections.join('\n\n')}`
}

function errorTable(): string {
  const rows = Object.entries(ERRORS).map(([code, { exit, meaning }]) => `| \`${code}\` | ${exit} | ${meaning} |`)
  return `| code | exit | meaning |\n|---|---|---|\n${rows.join('\n')}`
}

/** `text` with what is between `<!-- name -->` and `<!-- /name -->` replaced. */
function withPart(text: string, name: string, part: string): string {
  const [before, rest] = text.split(`<!-- ${name} -->\n`)
  const after = rest?.split(`<!-- /${name} -->`)[1]
  if (before === undefined || after === undefined) throw new Error(`README.md has no place for ${name}`)
  return `${before}<!-- ${name} -->\n\n${part}\n\n<!-- /${name} -->${after}`
}

describe('README.md', () => {
  it("has the commands' help and the error codes as they are", async () => {
    const readme = await readFile(README, 'utf8')
    await expect(withPart(withPart(readme, 'commands', commandReference()), 'errors', errorTable())).toMatchFileSnapshot(README)
  })

  it('has its parts in the order in which they are needed', async () => {
    const titles = [...(await readFile(README, 'utf8')).matchAll(/^## (.*)$/gm)].map(([, title]) => title)
    expect(titles).toEqual(['Quick start', 'Commands', 'How it is built', 'Error codes', 'Compatibility and limits'])
  })
})
