import { expect, it } from 'vitest'
import { rebaseText, type RebaseWay } from '../../../../src/cli/commands/rebase-text.ts'
import type { RebaseResult } from '../../../../src/operations/rebase/rebase-result.ts'
import { makeTheme } from '../../../../src/ui/theme.ts'

const result = { image: 'reg.example/app:1', reference: 'reg.example/app@sha256:1', runImage: 'run:2', changed: true, durationMs: 10 } as RebaseResult
const lastLine = (way: RebaseWay, changed = true): string | undefined => rebaseText({ ...result, changed }, way, makeTheme(false)).split('\n').at(-1)

it.each([
  ['an image on the engine', { dryRun: false, publish: false }, true, 'Look at it: cnb inspect reg.example/app:1'],
  ['an image in a registry, of which the engine may have another copy', { dryRun: false, publish: true }, true, 'Look at it: cnb inspect --remote reg.example/app:1'],
  ['a dry run, whose other options stay the same', { dryRun: true, publish: true }, true, 'Do it: the same command without --dry-run'],
  ['a dry run that would change nothing', { dryRun: true, publish: false }, false, 'Look at it: cnb inspect reg.example/app:1'],
])('after %s tells what to do next', (_, way, changed, expected) => {
  expect(lastLine(way, changed)).toBe(expected)
})
