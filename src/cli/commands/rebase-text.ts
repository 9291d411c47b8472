/** One rebased image as people read it. */

import type { RebaseResult } from '../../operations/rebase/rebase-result.ts'
import { fields } from '../../ui/fields.ts'
import { formatDuration } from '../../ui/quantity.ts'
import { shellWord } from '../../ui/shell-word.ts'
import type { Theme } from '../../ui/theme.ts'

export interface RebaseWay {
  readonly dryRun: boolean
  readonly publish: boolean
}

/** Lines joined: what was done, the names, what to do next. */
export function rebaseText(result: RebaseResult, { dryRun, publish }: RebaseWay, theme: Theme): string {
  const { image, reference, runImage, previousRunImage, reason, changed } = result
  // Without --remote, the engine's image of that name would be shown.
  const [label, next] =
    dryRun && changed ? ['Do it:', 'the same command without --dry-run'] : ['Look at it:', `cnb inspect ${publish ? '--remote ' : ''}${shellWord(image)}`]
  return [
    headline(result, dryRun, theme),
    ...fields(
      [
        ['Image', reference],
        ['Run image', runImage],
        ['Before', previousRunImage === runImage ? undefined : previousRunImage],
        ['Why', reason],
        ['Platforms', result.platforms?.map(({ platform }) => platform).join(', ')],
      ],
      theme,
    ),
    `${theme.dim(label)} ${theme.bold(next)}`,
  ].join('\n')
}

function headline({ image, changed, durationMs }: RebaseResult, dryRun: boolean, theme: Theme): string {
  if (!changed) return `${theme.success('Nothing to do:')} ${theme.name(image)} already stands on that run image`
  if (dryRun) return `${theme.warning('Outdated:')} ${theme.name(image)} would be rebased`
  return `${theme.success('Rebased')} ${theme.name(image)} in ${formatDuration(durationMs)}`
}
