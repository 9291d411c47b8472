/** One rebased image as people read it. */

import type { RebaseResult } from '../../operations/rebase-result.ts'
import { fields } from '../../ui/fields.ts'
import { formatDuration } from '../../ui/quantity.ts'
import type { Theme } from '../../ui/theme.ts'

export interface RebaseWay {
  readonly dryRun: boolean
  readonly publish: boolean
}

/** Lines joined: what was done, the names, what to do next. */
export function rebaseText(result: RebaseResult, { dryRun, publish }: RebaseWay, theme: Theme): string {
  const { image, reference, runImage, previousRunImage, reason, changed } = result
  const next = dryRun && changed ? ['Do it:', `cnb rebase ${publish ? '--publish ' : ''}${image}`] : ['Look at it:', `cnb inspect ${image}`]
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
    `${theme.dim(next[0] ?? '')} ${theme.bold(next[1] ?? '')}`,
  ].join('\n')
}

function headline({ image, changed, durationMs }: RebaseResult, dryRun: boolean, theme: Theme): string {
  if (!changed) return `${theme.success('Nothing to do:')} ${theme.name(image)} already stands on that run image`
  if (dryRun) return `${theme.warning('Outdated:')} ${theme.name(image)} would be rebased`
  return `${theme.success('Rebased')} ${theme.name(image)} in ${formatDuration(durationMs)}`
}
