/** Human-readable result of rebasing one image. */

import type { RebaseResult } from '../../operations/rebase/rebase-result.ts'
import { formatFields } from '../../ui/fields.ts'
import { formatDuration } from '../../ui/quantity.ts'
import { shellWord } from '../../ui/shell-word.ts'
import type { Theme } from '../../ui/theme.ts'

export interface RebaseMode {
  readonly dryRun: boolean
  readonly publish: boolean
}

/** Formats the outcome, the names and the next command. */
export function rebaseText(result: RebaseResult, { dryRun, publish }: RebaseMode, theme: Theme): string {
  const { image, reference, runImage, previousRunImage, reason, changed } = result
  // Without --remote, inspect would show the engine's image of that name.
  const [label, next] =
    dryRun && changed ? ['To apply:', 'the same command without --dry-run'] : ['Inspect it:', `cnb inspect ${publish ? '--remote ' : ''}${shellWord(image)}`]
  return [
    headline(result, dryRun, theme),
    ...formatFields(
      [
        ['Image', reference],
        ['Run image', runImage],
        ['Previously', previousRunImage === runImage ? undefined : previousRunImage],
        ['Reason', reason],
        ['Platforms', result.platforms?.map(({ platform }) => platform).join(', ')],
      ],
      theme,
    ),
    `${theme.dim(label)} ${theme.bold(next)}`,
  ].join('\n')
}

function headline({ image, changed, durationMs }: RebaseResult, dryRun: boolean, theme: Theme): string {
  if (!changed) return `${theme.success('Up to date:')} ${theme.name(image)} already uses that run image`
  if (dryRun) return `${theme.warning('Outdated:')} ${theme.name(image)} would be rebased`
  return `${theme.success('Rebased')} ${theme.name(image)} in ${formatDuration(durationMs)}`
}
