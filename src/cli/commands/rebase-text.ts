/** One rebased image as people read it. */

import type { RebaseResult } from '../../operations/rebase-result.ts'
import { fields } from '../../ui/fields.ts'
import { formatDuration } from '../../ui/quantity.ts'
import type { Theme } from '../../ui/theme.ts'

/** The options that decide what a rebase does, as the user set them. */
export interface RebaseWay {
  readonly dryRun?: boolean
  readonly publish?: boolean
  readonly force?: boolean
  readonly runImage?: string
  readonly previousImage?: string
}

/** Lines joined: what was done, the names, what to do next. */
export function rebaseText(result: RebaseResult, way: RebaseWay, theme: Theme): string {
  const { image, reference, runImage, previousRunImage, reason, changed } = result
  const { dryRun = false } = way
  const next = dryRun && changed ? ['Do it:', commandFor(image, way)] : ['Look at it:', `cnb inspect ${image}`]
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

/** The same rebase without --dry-run. */
function commandFor(image: string, { publish, force, runImage, previousImage }: RebaseWay): string {
  return [
    ...['cnb', 'rebase', ...(publish ? ['--publish'] : []), image],
    ...(runImage === undefined ? [] : ['--run-image', runImage]),
    ...(previousImage === undefined ? [] : ['--previous-image', previousImage]),
    ...(force ? ['--force'] : []),
  ].join(' ')
}

function headline({ image, changed, durationMs }: RebaseResult, dryRun: boolean, theme: Theme): string {
  if (!changed) return `${theme.success('Nothing to do:')} ${theme.name(image)} already stands on that run image`
  if (dryRun) return `${theme.warning('Outdated:')} ${theme.name(image)} would be rebased`
  return `${theme.success('Rebased')} ${theme.name(image)} in ${formatDuration(durationMs)}`
}
