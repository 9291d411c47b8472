import { expect, it } from 'vitest'
import { rebaseText, type RebaseMode } from '../../../../src/cli/commands/rebase-text.ts'
import type { RebaseResult } from '../../../../src/operations/rebase/rebase-result.ts'
import { makeTheme } from '../../../../src/ui/theme.ts'

const result = { image: 'reg.example/app:1', reference: 'reg.example/app@sha256:1', runImage: 'run:2', changed: true, durationMs: 10 } as RebaseResult
const lastLine = (way: RebaseMode, changed = true): string | undefined => rebaseText({ ...result, changed }, way, makeTheme(false)).split('\n').at(-1)

it.each([
  ['an image on the engine', { dryRun: false, publish: false }, true, 'Inspect it: cnb inspect reg.example/app:1'],
  ['an image in a registry', { dryRun: false, publish: true }, true, 'Inspect it: cnb inspect --remote reg.example/app:1'],
  ['an outdated image in a dry run', { dryRun: true, publish: true }, true, 'To apply: the same command without --dry-run'],
  ['an up-to-date image in a dry run', { dryRun: true, publish: false }, false, 'Inspect it: cnb inspect reg.example/app:1'],
])('suggests the next command after %s', (_, way, changed, expected) => {
  expect(lastLine(way, changed)).toBe(expected)
})
