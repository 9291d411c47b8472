import { expect, test } from 'vitest'
import type { CommandContext } from '../../../../../src/cli/command.ts'
import { runConvertSbom } from '../../../../../src/cli/commands/sbom/convert-handler.ts'
import { runDiffSbom } from '../../../../../src/cli/commands/sbom/diff-handler.ts'
import { runShowSbom } from '../../../../../src/cli/commands/sbom/show-handler.ts'
import { makeTheme } from '../../../../../src/ui/theme.ts'
import { placesWith } from '../../../../support/places.ts'

const sessionWith = (components: object[], output = 'human') =>
  ({ ...placesWith(), context: {}, output, input: [Buffer.from(JSON.stringify({ bomFormat: 'CycloneDX', components }))] }) as unknown as CommandContext

test('exits with 4 and lists the broken rules last', async () => {
  const outcome = await runShowSbom('-', { failOn: ['license=GPL*'] }, sessionWith([{ name: 'a\u001b[2J', version: '1', licenses: [{ license: { id: 'GPL-2.0-only' } }] }, { name: 'b' }]))
  expect(outcome).toMatchObject({ exit: 4, line: '2 packages, 1 without a licence, 1 broken rule' })
  expect(outcome.text(makeTheme(false)).split('\n')).toEqual([
    'Packages', '  PACKAGE  VERSION  LICENCES', '  a        1        GPL-2.0-only', '  b                 -', '',
    'Broken rules', '  RULE          PACKAGE  VERSION  REASON', '  license=GPL*  a        1        GPL-2.0-only', '', '2 packages, 1 without a licence, 1 broken rule',
  ])
})

test('exits with 0 without a broken rule, and prints tables for a summary', async () => {
  const outcome = await runShowSbom('-', {}, sessionWith([{ name: 'a|b', version: '1' }], 'markdown'))
  expect(outcome.exit).toBeUndefined()
  expect(outcome.text(makeTheme(false))).toContain('| `a\\|b` | `1` | `-` |')
})

test('escapes control characters of a document', async () => {
  const outcome = await runConvertSbom('-', {}, sessionWith([{ name: 'a\u009b2J' }]))
  expect(outcome.text(makeTheme(false))).toContain('"name": "a\\u009b2J"')
})

test('exits with 2 for errors with --exit-code', async () => {
  await expect(runDiffSbom(['missing.json', '-'], { exitCode: true }, sessionWith([]))).rejects.toMatchObject({ code: 'CNB_SBOM_INVALID', exit: 2 })
})
