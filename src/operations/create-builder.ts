/** `cnb builder create`: a builder image from its builder.toml. */

import type { Context } from '../base/events.ts'
import type { PullPolicy } from '../images/pull.ts'
import type { Services } from './services.ts'

export interface CreateBuilderOptions {
  /** The builder image's name, as typed. */
  image: string
  /** Path of builder.toml; paths inside it are relative to it. */
  config: string
  tags?: string[]
  /** `key=value` labels. */
  labels?: string[]
  pullPolicy?: PullPolicy
}

/** What `cnb builder create --output json` prints. */
export interface CreateBuilderResult {
  image: string
  tags: string[]
  id: string
  /** `name@digest`, what --quiet prints. */
  reference: string
  lifecycleVersion: string
  buildpacks: { id: string; version: string }[]
  durationMs: number
}

export async function createBuilder(
  _options: CreateBuilderOptions,
  _services: Services,
  _context: Context,
): Promise<CreateBuilderResult> {
  throw new Error('in work')
}
