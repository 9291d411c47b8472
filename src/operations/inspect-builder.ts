/** `cnb builder inspect`: what a builder brings. */

import type { Context } from '../base/events.ts'
import type { Services } from './services.ts'

/** An order entry, with what a composite buildpack expands to. */
export interface OrderNode {
  id: string
  version?: string
  optional?: boolean
  /** The same composite further up: not expanded again. */
  cyclic?: boolean
  groups?: { buildpacks: OrderNode[] }[]
}

/** What `cnb builder inspect --output json` prints; YAML and TOML have the same keys. */
export interface BuilderInspection {
  builder: string
  id: string
  platform: string
  size: number
  description?: string
  createdBy: { name: string; version: string }
  trusted: boolean
  user: { uid: number; gid: number }
  stack?: { id: string; mixins?: string[] }
  target?: { os: string; arch: string; variant?: string; distroName?: string; distroVersion?: string }
  lifecycle: {
    version: string
    buildpackApis: { deprecated: string[]; supported: string[] }
    platformApis: { deprecated: string[]; supported: string[] }
  }
  runImages: { image: string; mirrors: string[] }[]
  buildpacks: { id: string; version: string; name?: string; homepage?: string }[]
  order: { buildpacks: OrderNode[] }[]
  extensions: { id: string; version: string; name?: string; homepage?: string }[]
  orderExtensions: { buildpacks: OrderNode[] }[]
  layers: { diffId: string; size?: number; name: string }[]
}

export interface InspectBuilderOptions {
  builder: string
  /** How deep composite buildpacks are expanded; all the way when absent. */
  depth?: number
}

export async function inspectBuilder(
  _options: InspectBuilderOptions,
  _services: Services,
  _context: Context,
): Promise<BuilderInspection> {
  throw new Error('in work')
}
