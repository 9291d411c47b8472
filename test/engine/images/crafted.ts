/** Loads an app image and two run images for it into the engine under test. */

import { randomBytes } from 'node:crypto'
import { homedir } from 'node:os'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { connectEngine } from '../../../src/docker/connection/connect.ts'
import { resolveEndpoint } from '../../../src/docker/connection/endpoint.ts'
import type { Engine } from '../../../src/docker/engine.ts'
import type { Layer } from '../../../src/images/image.ts'
import { digestOf, hexOf, type Digest } from '../../../src/oci/digest.ts'
import { docker } from '../../support/engines/docker.ts'
import { packFiles } from '../../support/fakes/fake-files.ts'

export async function connectToEngine(): Promise<Engine> {
  return connectEngine(await resolveEndpoint({ env: process.env, home: homedir() }))
}

/** Returns a name that no other test uses on the engine. */
export function ownName(kind: string): string {
  return `cnb-images-${randomBytes(4).toString('hex')}/${kind}:1`
}

/** A layer with one file. */
export function layerOf(path: string, content: string): Promise<Buffer> {
  return buffer(packFiles([[path, content]]))
}

/** A layer in memory; `size` is undefined, as for a layer that was not measured. */
export function memoryLayer(content: Buffer): Layer {
  return { diffId: digestOf(content), open: async () => Readable.from([content]) }
}

/** The engine's images with that layer, with or without names. */
export async function imagesWith(engine: Engine, diffId: Digest): Promise<string[]> {
  const ids = new Set((await docker('image', 'ls', '--all', '--quiet', '--no-trunc')).split('\n'))
  const found = await Promise.all([...ids].map(async (id) => ((await engine.images.inspect(id))?.diffIds.includes(diffId) ? [id] : [])))
  return found.flat()
}

export interface CraftedImage {
  config?: Record<string, unknown>
  layers: Buffer[]
  /** The content of the archive instead of the layer, such as a compressed one. */
  stored?: (layer: Buffer) => Buffer
  /** Members of the image's configuration besides `config`. */
  more?: Record<string, unknown>
}

/** Loads an image by a docker-archive, without the code under test. Returns the engine's ID. */
export async function loadImage(engine: Engine, name: string, { config = {}, layers, stored = (layer) => layer, more = {} }: CraftedImage): Promise<string> {
  const document = JSON.stringify({
    ...(await engine.info()).platform,
    ...more,
    created: '2020-01-02T03:04:05Z',
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
    history: layers.map((_, index) => ({ created: '2020-01-02T03:04:05Z', created_by: `step ${index}` })),
  })
  const files = new Map(layers.map((layer) => [`${hexOf(digestOf(layer))}.tar`, stored(layer)] as const))
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: layers.map((layer) => `${hexOf(digestOf(layer))}.tar`) }]
  await engine.images.load(packFiles([['config.json', document], ...files, ['manifest.json', JSON.stringify(manifest)]]))
  const image = await engine.images.inspect(name)
  if (!image) throw new Error(`the engine did not load ${name}`)
  return image.id
}

export interface CraftedApp {
  readonly app: string
  readonly oldRun: string
  readonly newRun: string
  readonly appLayers: Buffer[]
  readonly newRunLayers: Buffer[]
}

/** An app of Platform API 0.15 on `oldRun`, which can be rebased to `newRun`. */
export async function loadApp(engine: Engine): Promise<CraftedApp> {
  const oldRunLayers = [await layerOf('etc/old-a', 'a'), await layerOf('etc/old-b', 'b')]
  const newRunLayers = [await layerOf('etc/old-a', 'a'), await layerOf('etc/new-b', 'b'), await layerOf('etc/new-c', 'c')]
  const appLayers = [await layerOf('layers/a_b/deps', 'deps'), await layerOf('workspace/app', 'app'), await layerOf('cnb/launcher', 'launcher')]
  const [oldRun, newRun, app] = [ownName('run'), ownName('run'), ownName('app')]
  const base = { User: '1000:1000', Env: ['PATH=/bin'] }
  const distro = { 'io.buildpacks.base.distro.name': 'debian', 'io.buildpacks.base.distro.version': '12' }
  const id = await loadImage(engine, oldRun, {
    config: { ...base, Labels: { ...distro, 'io.buildpacks.base.released': '1' } },
    layers: oldRunLayers,
  })
  await loadImage(engine, newRun, {
    config: { User: '0', Env: ['PATH=/new'], Labels: { ...distro, 'io.buildpacks.base.released': '2', 'io.buildpacks.stack.extra': '<x>', other: 'y' } },
    layers: newRunLayers,
  })
  const [deps, code, launcher] = appLayers.map(digestOf)
  const metadata = {
    app: [{ sha: code }],
    buildpacks: [{ key: 'a/b', version: '1.2', layers: { deps: { sha: deps, data: { '<n>': 1, a: [true, null] }, build: false, launch: true, cache: false } } }],
    config: { sha: '' },
    launcher: { sha: launcher },
    'process-types': { sha: '' },
    runImage: { topLayer: digestOf(oldRunLayers[1]!), reference: id.replace('sha256:', ''), image: oldRun, mirrors: [newRun] },
    stack: { runImage: { image: oldRun, mirrors: [newRun] } },
  }
  await loadImage(engine, app, {
    config: {
      User: '1000:1000',
      Env: ['PATH=/cnb/process:/bin', 'CNB_PLATFORM_API=0.15', 'ODD=<&>'],
      Entrypoint: ['/cnb/process/web'],
      WorkingDir: '/workspace',
      ExposedPorts: { '8080/tcp': {} },
      Labels: {
        ...distro,
        'io.buildpacks.base.released': '1',
        'io.buildpacks.base.gone': '1',
        'io.buildpacks.lifecycle.metadata': goJson(metadata),
        'io.buildpacks.project.metadata': '{}',
        mine: 'é 😀',
      },
    },
    layers: [...oldRunLayers, ...appLayers],
  })
  return { app, oldRun, newRun, appLayers, newRunLayers }
}

/** JSON with Go's escapes, as the lifecycle writes labels. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)
}
