/** The images of rebase-cases.ts: layers that an engine can unpack, and configurations. */

import { digestOf, type Digest } from '../../../src/oci/digest.ts'
import { tar } from './crafted-image.ts'
import { BASE_LAYERS, NEW_LAYERS, OWN_LAYERS, type CraftedApp, type CraftedRun } from './rebase-cases.ts'
import { makeLayer, type MadeLayer } from './registry-images.ts'
import { APP_LABEL } from '../workbench.ts'

const METADATA = 'io.buildpacks.lifecycle.metadata'
const PLATFORM = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' }
const NAMES = [...new Set([...BASE_LAYERS, ...NEW_LAYERS, ...OWN_LAYERS])]

/** Uncompressed layers by name. */
const TARS = new Map(await Promise.all(NAMES.map(async (name) => [name, await tar({ [name]: name })] as const)))

/** An image as data: its layers as tars and as compressed blobs, lowest first. */
export interface RebaseImage {
  readonly layers: readonly MadeLayer[]
  readonly tars: readonly Buffer[]
  readonly config: object
}

export const ALL_LAYERS: readonly MadeLayer[] = [...TARS.values()].map(makeLayer)

function tarOf(name: string): Buffer {
  const content = TARS.get(name)
  if (content === undefined) throw new Error(`no layer '${name}'`)
  return content
}

export function diffIdOf(name: string): Digest {
  return digestOf(tarOf(name))
}

export function runImage(run: CraftedRun = {}): RebaseImage {
  return imageOf(run.layers ?? NEW_LAYERS, run, { Env: ['PATH=/usr/bin'], User: '0' })
}

/** @param named replaces the placeholders of a text by names */
export function appImage({ api = '0.15', metadata = {}, ...app }: CraftedApp, named: (text: string) => string): RebaseImage {
  const label = named(typeof metadata === 'string' ? metadata : goJson(labelOf(metadata)))
  const env = ['PATH=/cnb/process:/bin', ...(api === null ? [] : [`CNB_PLATFORM_API=${api}`]), 'ODD=<&>']
  const config = { Env: env, User: '1000:1000', Entrypoint: ['/cnb/process/web'], WorkingDir: '/workspace', ExposedPorts: { '8080/tcp': {} } }
  // Identifies images that a rebase leaves without a name, to remove them.
  const labels = { [APP_LABEL]: 'yes', ...(label === '' ? {} : { [METADATA]: label }), ...app.labels }
  return imageOf(app.layers ?? [...BASE_LAYERS, ...OWN_LAYERS], { ...app, labels }, config)
}

/** By default the label of an app has the run image `%run`. */
function labelOf(metadata: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const [dependency, launcher, code] = OWN_LAYERS.map(diffIdOf)
  const names = 'runImage' in metadata || 'stack' in metadata ? {} : { image: '%run' }
  return {
    app: [{ sha: code }],
    sbom: { sha: launcher },
    buildpacks: [{ key: 'test/script', version: '1', layers: { dep: { sha: dependency, data: { n: '<1>' }, build: false, launch: true, cache: false } } }],
    config: { sha: '' },
    launcher: { sha: launcher },
    'process-types': { sha: '' },
    stack: { runImage: names },
    ...metadata,
    runImage: { topLayer: BASE_LAYERS.map(diffIdOf).at(-1), reference: 'old', ...names, ...(metadata.runImage as object | undefined) },
  }
}

/** Returns JSON as the lifecycle writes it: known members in its order, and Go's escapes. A text between `#` is a number. */
function goJson(label: Readonly<Record<string, unknown>>): string {
  const order = ['app', 'sbom', 'buildpacks', 'config', 'launcher', 'process-types', 'runImage', 'stack']
  const sorted = Object.fromEntries([...order, ...Object.keys(label)].map((key) => [key, label[key]]))
  return JSON.stringify(sorted)
    .replace(/"#(.+?)#"/g, '$1')
    .replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)
}

function imageOf(names: readonly string[], { platform, labels = {}, config, more }: CraftedRun, own: object): RebaseImage {
  const created = '2020-01-02T03:04:05Z'
  const tars = names.map(tarOf)
  return {
    tars,
    layers: tars.map(makeLayer),
    config: {
      ...PLATFORM,
      ...platform,
      created,
      config: { ...own, Labels: labels, ...config },
      rootfs: { type: 'layers', diff_ids: tars.map(digestOf) },
      history: names.map((name) => ({ created, created_by: name })),
      ...more,
    },
  }
}
