import { expect, it } from 'vitest'
import { rebaseText, type RebaseWay } from '../../../../src/cli/commands/rebase-text.ts'
import { makeTheme } from '../../../../src/ui/theme.ts'

const result = { image: 'app:1', id: 'x', reference: 'app@x', runImage: 'run:2', previousRunImage: 'run:1', changed: true, durationMs: 5 }
const lastLine = (way: RebaseWay, changed = true): string | undefined => rebaseText({ ...result, changed }, way, makeTheme(false)).split('\n').at(-1)

it('after a dry run names the command that does it, with all that decides what it does', () => {
  expect(lastLine({ dryRun: true })).toBe('Do it: cnb rebase app:1')
  const way = { dryRun: true, publish: true, force: true, runImage: 'run:2', previousImage: 'old' }
  expect(lastLine(way)).toBe('Do it: cnb rebase --publish app:1 --run-image run:2 --previous-image old --force')
  expect(lastLine(way, false)).toBe('Look at it: cnb inspect app:1')
  expect(lastLine({ force: true })).toBe('Look at it: cnb inspect app:1')
})
