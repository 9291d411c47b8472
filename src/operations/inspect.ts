/** `cnb inspect`: what an app image is made of. */

import type { Context } from '../base/events.ts'
import type { Services } from './services.ts'

export interface InspectedLayer {
  diffId: string
  /** Bytes on the engine; undefined where the engine does not tell. */
  size?: number
  /** What it is, in one or two words: `run image`, `app`, `launcher`, `config`, `sbom`, `process types`, or a layer's name. */
  name: string
  /** `id@version` of the buildpack that made it. */
  buildpack?: string
}

export interface InspectedProcess {
  type: string
  shell: string
  command: string
  args: string[]
  default: boolean
  workingDir: string
}

/** What `cnb inspect --output json` prints; YAML and TOML have the same keys. */
export interface ImageInspection {
  image: string
  id: string
  platform: string
  created?: string
  size: number
  /** The deprecated stack's id, where the image has one. */
  stack?: string
  target?: { os: string; arch: string; variant?: string; distroName?: string; distroVersion?: string }
  baseImage: { reference: string; topLayer: string }
  runImages: { name: string }[]
  rebasable: boolean
  buildpacks: { id: string; version: string; homepage?: string }[]
  extensions: { id: string; version: string; homepage?: string }[]
  processes: InspectedProcess[]
  /** Whether the image carries a software bill of materials. */
  sbom: boolean
  lifecycleVersion?: string
  layers: InspectedLayer[]
}

export interface InspectOptions {
  image: string
}

export async function inspect(_options: InspectOptions, _services: Services, _context: Context): Promise<ImageInspection> {
  throw new Error('in work')
}
