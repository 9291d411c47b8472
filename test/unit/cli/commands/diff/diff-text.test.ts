import { expect, test } from 'vitest'
import type { CommandContext } from '../../../../../src/cli/command.ts'
import { diffMarkdown } from '../../../../../src/cli/commands/diff/diff-markdown.ts'
import { headline, sectionsOf } from '../../../../../src/cli/commands/diff/diff-sections.ts'
import { runDiff } from '../../../../../src/cli/commands/diff/diff-handler.ts'
import { diffText } from '../../../../../src/cli/commands/diff/diff-text.ts'
import type { ImageDiff } from '../../../../../src/operations/diff/diff.ts'
import { visibleLength } from '../../../../../src/ui/sanitize.ts'
import { makeTheme } from '../../../../../src/ui/theme.ts'
import { craftApp } from '../../../../support/images/crafted-app.ts'
import { loadImage } from '../../../../engine/images/crafted.ts'
import { FakeEngine } from '../../../../support/fakes/fake-engine.ts'
import { placesWith } from '../../../../support/places.ts'

const place = (image: string) => ({ image, source: 'engine' as const, id: `sha256:${image}`, platform: 'linux/amd64' })
const layer = (digit: string, size: number) => ({ diffId: `sha256:${digit.repeat(64)}`, size })
const none = { runImage: [], buildpacks: [], extensions: [], layers: [], processes: [], environment: [], settings: [], labels: [] }
const diff: ImageDiff = {
  ...none,
  from: place('app:1'), to: place('app:2'), identical: false,
  buildpacks: [{ name: 'a/node', change: 'changed', from: '1.2', to: '1.3' }],
  layers: [
    { name: 'run image', change: 'reused', from: layer('a', 5000), to: layer('a', 5000) },
    { name: 'deps', buildpack: 'a/node', change: 'changed', from: layer('b', 1000), to: layer('c', 3500) },
  ],
  environment: [{ name: 'EVIL|x', change: 'added', to: `\u001b[2J\n${'long '.repeat(40)}` }],
  labels: [{ name: 'l', change: 'changed', values: [{ path: 'a.b', from: 1, to: '`<b>`' }], more: 3 }],
  files: [{ name: 'app/x', change: 'changed', from: { type: 'file', mode: '0644', uid: 0, gid: 0, size: 10 }, to: { type: 'file', mode: '0755', uid: 1, gid: 0, size: 10 } }],
}
const text = (width?: number) => diffText(diff, sectionsOf(diff), makeTheme(false, width)).split('\n')

test('prints the summary first, then a section for each kind', () => {
  expect(text()).toEqual([
    "'app:1' and 'app:2' are different: layers 1 changed, 1 reused; +2.5 kB",
    '',
    'Buildpacks',
    '  ~ a/node  1.2 → 1.3',
    '',
    'Layers',
    '  ~ a/node: deps  1.0 kB bbbbbbbbbbbb → 3.5 kB cccccccccccc',
    '  1 layer reused, 5.0 kB',
    '',
    'Environment',
    `  + EVIL|x   ${'long '.repeat(40).slice(0, 58)}…`,
    '',
    'Labels',
    '  ~ l a.b  1 → `<b>`',
    '  and 3 more',
    '',
    'Files',
    '  ~ app/x  10 B 0644 → 10 B 0755 1:0',
  ])
})

test.each([40, 80])('fits a terminal of %i columns', (width) => {
  expect(Math.max(...text(width).slice(1).map(visibleLength))).toBeLessThanOrEqual(width)
})

test('prints tables in Markdown, in which external text has no effect', () => {
  const markdown = diffMarkdown(diff, sectionsOf(diff))
  expect(markdown).toContain('| changed | `l a.b` | `1` | `\'<b>\'` |')
  expect(markdown).toContain('| added | `EVIL\\|x` |  | ` long')
  expect(markdown).not.toContain('\u001b')
})

test('lists a limited number of differences, and counts the others', () => {
  const files = Array.from({ length: 203 }, (_, index) => ({ name: `${index}`, change: 'removed' as const, from: { type: 'file' as const, mode: '0644', uid: 0, gid: 0, size: 1 } }))
  const [section] = sectionsOf({ ...diff, ...none, files })
  expect([section?.differences.length, section?.note]).toEqual([200, 'and 3 more'])
})

test('has no difference of sizes of different kinds', () => {
  const other = { ...layer('c', 1), size: undefined, compressedSize: 1 }
  expect(headline({ ...diff, layers: [{ name: 'x', change: 'changed', from: layer('b', 1), to: other }] })).toBe('different: layers 1 changed')
})

test('exits with 1 for differences and with 2 for errors only with --exit-code', async () => {
  const engine = new FakeEngine()
  await loadImage(engine, 'a', await craftApp())
  await loadImage(engine, 'b', await craftApp({ config: { User: '1:1' } }))
  const session = { ...placesWith({ engine }), context: {}, output: 'human' } as unknown as CommandContext
  const exit = async (to: string, exitCode: boolean) => {
    try {
      return (await runDiff(['a', to], { exitCode }, session)).exit ?? 0
    } catch (error) {
      return (error as { exit: number }).exit
    }
  }
  const exits = []
  for (const exitCode of [false, true]) for (const to of ['a', 'b', 'absent']) exits.push(await exit(to, exitCode))
  expect(exits).toEqual([0, 0, 1, 0, 1, 2])
})
