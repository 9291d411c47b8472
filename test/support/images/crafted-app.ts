/** An app image as a lifecycle creates it, with one small layer of each kind. */

import { buffer } from 'node:stream/consumers'
import type { ContainerConfig } from '../../../src/oci/config.ts'
import { digestOf, type Digest } from '../../../src/oci/digest.ts'
import { packFiles } from '../fakes/fake-files.ts'

/** The layers, lowest first; `stray` is not in the label. */
export const APP_LAYERS = ['base', 'top', 'deps', 'sbom', 'code', 'launcher', 'config', 'types', 'stray'] as const
export type AppLayer = (typeof APP_LAYERS)[number]

export interface AppChanges {
  labels?: Record<string, string>
  /** Members of the label io.buildpacks.lifecycle.metadata. */
  metadata?: Record<string, unknown>
  /** Members of the label io.buildpacks.build.metadata. */
  build?: Record<string, unknown>
  config?: ContainerConfig
  /** The files of the SBOM layer by path. */
  sbom?: Record<string, string>
}

export interface CraftedApp {
  readonly layers: Buffer[]
  readonly config: ContainerConfig
  /** The layers' tars by kind. */
  readonly named: Readonly<Record<AppLayer, Buffer>>
  diffId(layer: AppLayer): Digest
}

export const SBOM_FILES = { '/layers/sbom/launch/a_node/sbom.cdx.json': '{"bomFormat":"CycloneDX"}', '/layers/sbom/launch/sbom.legacy.json': 'null\n' }

export async function craftApp({ labels = {}, metadata = {}, build = {}, config = {}, sbom = SBOM_FILES }: AppChanges = {}): Promise<CraftedApp> {
  const filesOf = (name: AppLayer): [string, string][] => (name === 'sbom' ? Object.entries(sbom) : [[name, name.repeat(10)]])
  const layers = await Promise.all(APP_LAYERS.map((name) => buffer(packFiles(filesOf(name)))))
  const named = Object.fromEntries(APP_LAYERS.map((name, index) => [name, layers[index]!])) as Record<AppLayer, Buffer>
  const diffId = (name: AppLayer): Digest => digestOf(named[name])
  const sha = (name: AppLayer): { sha: Digest } => ({ sha: diffId(name) })
  const lifecycle = {
    app: [sha('code')],
    sbom: sha('sbom'),
    buildpacks: [
      { key: 'a/node', version: '1.2', layers: { deps: { ...sha('deps'), launch: true }, cached: { sha: digestOf('c'), cache: true } } },
    ],
    config: sha('config'),
    launcher: sha('launcher'),
    'process-types': sha('types'),
    runImage: { topLayer: diffId('top'), reference: 'repo@sha256:1', image: 'my/run:1', mirrors: ['r.example/run'] },
    ...metadata,
  }
  const built = {
    buildpacks: [{ id: 'a/node', version: '1.2', homepage: 'https://example.com' }],
    launcher: { version: '0.21.0' },
    processes: [
      { type: 'web', command: ['node', '--x'], args: ['server.js'], direct: true, buildpackID: 'a/node' },
      { type: 'worker', command: ['work'], args: null, direct: false, 'working-dir': '/else' },
    ],
    ...build,
  }
  return {
    layers,
    named,
    diffId,
    config: {
      Entrypoint: ['/cnb/process/web'],
      WorkingDir: '/workspace',
      ...config,
      Labels: {
        'io.buildpacks.lifecycle.metadata': JSON.stringify(lifecycle),
        'io.buildpacks.build.metadata': JSON.stringify(built),
        'io.buildpacks.base.distro.name': 'debian',
        ...labels,
      },
    },
  }
}
