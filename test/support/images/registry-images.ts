/** Crafted images in a registry, without an engine and without the client under test. */

import { gzipSync } from 'node:zlib'
import type { Descriptor } from '../../../src/oci/descriptor.ts'
import { digestOf, type Digest } from '../../../src/oci/digest.ts'
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../../src/oci/media-types.ts'
import type { Platform } from '../../../src/oci/platform.ts'
import { pushBlob } from './push-blob.ts'
import type { Registry } from '../registry/registry.ts'

export type ImageRegistry = Pick<Registry, 'address' | 'request'>

export interface MadeLayer {
  readonly diffId: Digest
  readonly descriptor: Descriptor
  readonly content: Buffer
}

const AMD64: Platform = { os: 'linux', architecture: 'amd64' }
const METADATA = 'io.buildpacks.lifecycle.metadata'

/** Returns a layer. A layer made from a text is not a tar, so it must not be unpacked. */
export function makeLayer(text: string | Buffer): MadeLayer {
  const content = gzipSync(text)
  return { diffId: digestOf(text), content, descriptor: { mediaType: `${OCI_LAYER}+gzip`, digest: digestOf(content), size: content.length } }
}

export interface RunImageData {
  readonly layers: readonly MadeLayer[]
  readonly platform?: Platform
  readonly labels?: Readonly<Record<string, string>>
}

/** Pushes a run image; returns its manifest's descriptor. */
export function putRunImage(registry: ImageRegistry, repository: string, tag: string, { layers, platform, labels = {} }: RunImageData): Promise<Descriptor> {
  return putImage(registry, repository, tag, layers, configOf(layers, platform ?? AMD64, { Env: ['PATH=/usr/bin'], Labels: labels }, 3))
}

export interface AppData {
  readonly base: readonly MadeLayer[]
  readonly own: readonly MadeLayer[]
  /** The run image's name in the label. */
  readonly runImage: string
  readonly mirrors?: readonly string[]
  readonly platform?: Platform
  readonly labels?: Readonly<Record<string, string>>
  /** A repository with the layers. */
  readonly from?: string
}

/** Pushes an app image as a lifecycle with Platform API 0.15 creates it; returns its manifest's descriptor. */
export function putApp(registry: ImageRegistry, repository: string, tag: string, app: AppData): Promise<Descriptor> {
  const { base, own, runImage, mirrors, platform = AMD64, labels = {}, from } = app
  const metadata = {
    app: [{ sha: own.at(-1)?.diffId }],
    buildpacks: [{ key: 'test/script', version: '1', layers: { dep: { sha: own[0]?.diffId, data: { n: 1 }, build: false, launch: true, cache: false } } }],
    config: { sha: '' },
    launcher: { sha: own.at(-2)?.diffId ?? '' },
    'process-types': { sha: '' },
    runImage: { topLayer: base.at(-1)?.diffId, reference: `${runImage}@sha256:${'0'.repeat(64)}`, image: runImage, ...(mirrors ? { mirrors } : {}) },
    stack: { runImage: { image: runImage, ...(mirrors ? { mirrors } : {}) } },
  }
  const config = { Env: ['CNB_PLATFORM_API=0.15', 'PATH=/cnb/process'], Entrypoint: ['/cnb/process/web'], WorkingDir: '/workspace', Labels: { ...labels, [METADATA]: JSON.stringify(metadata) } }
  const layers = [...base, ...own]
  return putImage(registry, repository, tag, layers, configOf(layers, platform, config), from)
}

/** @param more history entries without a layer */
function configOf(layers: readonly MadeLayer[], platform: Platform, config: object, more = 0): object {
  const created = '1980-01-01T00:00:01Z'
  const empty = Array.from({ length: more }, (_, at) => ({ created, created_by: `step ${at}`, empty_layer: true }))
  return { ...platform, created, config, rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) }, history: [...layers.map(() => ({ created })), ...empty] }
}

/** Pushes any image. @param from a repository with its layers */
export async function putImage(
  registry: ImageRegistry,
  repository: string,
  tag: string,
  layers: readonly MadeLayer[],
  config: object,
  from?: string,
): Promise<Descriptor> {
  for (const { content, descriptor } of layers) {
    if (from === undefined) await pushBlob(registry, repository, content)
    else await registry.request('POST', `/v2/${repository}/blobs/uploads/?mount=${encodeURIComponent(descriptor.digest)}&from=${encodeURIComponent(from)}`)
  }
  const bytes = Buffer.from(JSON.stringify(config))
  await pushBlob(registry, repository, bytes)
  const descriptor = { mediaType: OCI_CONFIG, digest: digestOf(bytes), size: bytes.length }
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: descriptor, layers: layers.map((layer) => layer.descriptor) }
  return putDocument(registry, repository, tag, manifest)
}

/** Changes the configuration of an image, so engines with the earlier image do not have it. */
export async function reconfigure(
  registry: ImageRegistry,
  repository: string,
  change: (config: StoredConfig) => StoredConfig,
): Promise<void> {
  const found = await getDocument<ImageDocument & { config: Descriptor }>(registry, repository, 'latest')
  if (!found) throw new Error(`no ${repository}`)
  const { document } = found
  const config = JSON.parse((await getBlob(registry, repository, document.config.digest)).toString()) as StoredConfig
  const bytes = Buffer.from(JSON.stringify(change(config)))
  await pushBlob(registry, repository, bytes)
  const descriptor = { ...document.config, digest: digestOf(bytes), size: bytes.length }
  await putDocument(registry, repository, 'latest', { ...document, config: descriptor })
}

/** Adds a layer on top of an image. */
export async function addLayer(registry: ImageRegistry, repository: string, { diffId, descriptor, content }: MadeLayer): Promise<void> {
  await reconfigure(registry, repository, ({ rootfs, history, ...config }) => ({
    ...{ ...config, rootfs: { ...rootfs, diff_ids: [...rootfs.diff_ids, diffId] } },
    ...(history ? { history: [...history, { created: '1980-01-01T00:00:01Z' }] } : {}),
  }))
  await pushBlob(registry, repository, content)
  const { document } = (await getDocument<ImageDocument & { layers: readonly Descriptor[] }>(registry, repository, 'latest'))!
  const { mediaType } = document.layers.at(-1)!
  await putDocument(registry, repository, 'latest', { ...document, layers: [...document.layers, { ...descriptor, mediaType }] })
}

/** A configuration with the fields that engines add to images that they commit. */
export function asCommitted({ config, ...more }: StoredConfig): StoredConfig {
  return {
    ...{ ...more, author: 'me', docker_version: '20.10.24', container: 'c', container_config: {}, id: 'x' },
    ...{ 'os.version': '1', 'os.features': ['f'] },
    config: {
      ...{ ...config, Hostname: 'h', Domainname: 'd', Image: 'i', AttachStdout: true, Tty: true, MacAddress: 'm', ArgsEscaped: true },
      Healthcheck: { Test: ['NONE'], StartInterval: 3 },
    },
  }
}

interface StoredConfig {
  readonly rootfs: { readonly diff_ids: readonly Digest[] }
  readonly history?: readonly object[]
  readonly config: { readonly Labels?: Readonly<Record<string, string>>; readonly [key: string]: unknown }
  readonly [key: string]: unknown
}

/** Pushes an index; `more` are additional members. */
export function putIndex(registry: ImageRegistry, repository: string, tag: string, manifests: readonly object[], more: object = {}): Promise<Descriptor> {
  return putDocument(registry, repository, tag, { schemaVersion: 2, mediaType: OCI_INDEX, manifests, ...more })
}

interface ImageDocument {
  readonly mediaType: string
  readonly [key: string]: unknown
}

/** Pushes a manifest or index. @throws Error with the registry's message if it rejects it */
export async function putDocument(registry: ImageRegistry, repository: string, tag: string, document: ImageDocument): Promise<Descriptor> {
  const body = Buffer.from(JSON.stringify(document))
  const { status, body: said } = await registry.request('PUT', `/v2/${repository}/manifests/${tag}`, { headers: { 'content-type': document.mediaType }, body })
  if (status !== 201) throw new Error(`the registry gave ${status} for ${repository}:${tag}: ${said.toString()}`)
  return { mediaType: document.mediaType, digest: digestOf(body), size: body.length }
}

/** Returns a stored manifest or index, parsed; undefined if it does not exist. */
export async function getDocument<T>(registry: ImageRegistry, repository: string, reference: string): Promise<{ digest: Digest; mediaType: string; document: T } | undefined> {
  const accept = [OCI_MANIFEST, OCI_INDEX, 'application/vnd.docker.distribution.manifest.v2+json', 'application/vnd.docker.distribution.manifest.list.v2+json']
  const { status, body, headers } = await registry.request('GET', `/v2/${repository}/manifests/${reference}`, { headers: { accept: accept.join(', ') } })
  if (status !== 200) return undefined
  return { digest: digestOf(body), mediaType: headers['content-type'] ?? '', document: JSON.parse(body.toString()) as T }
}

/** Returns a blob's bytes. */
export async function getBlob(registry: ImageRegistry, repository: string, digest: Digest): Promise<Buffer> {
  const { status, body } = await registry.request('GET', `/v2/${repository}/blobs/${digest}`)
  if (status !== 200) throw new Error(`the registry gave ${status} for the blob ${digest} of ${repository}`)
  return body
}
