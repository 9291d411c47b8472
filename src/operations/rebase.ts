/** `cnb rebase`: the app's layers onto a new run image, without a build. */

import type { Context } from '../base/events.ts'
import type { PullPolicy } from '../images/pull.ts'
import type { Services } from './services.ts'

export interface RebaseOptions {
  image: string
  runImage?: string
  /** The image whose layers are taken; `image` itself when absent. */
  previousImage?: string
  force?: boolean
  pullPolicy?: PullPolicy
  reportOutputDir?: string
}

/** What `cnb rebase --output json` prints. */
export interface RebaseResult {
  image: string
  id: string
  /** `name@digest`, what --quiet prints. */
  reference: string
  runImage: string
  previousRunImage: string
  /** False when the app already stood on that run image. */
  changed: boolean
  durationMs: number
}

export async function rebase(_options: RebaseOptions, _services: Services, _context: Context): Promise<RebaseResult> {
  throw new Error('in work')
}
