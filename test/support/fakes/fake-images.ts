/** The images of FakeEngine with both kinds of image store: load, inspect, remove. */

import { gunzipSync } from 'node:zlib'
import type { BlobInfo, EngineHistory, EngineImage } from '../../../src/docker/engine.ts'
import { engineRefusal } from '../../../src/docker/engine-errors.ts'
import type { ImageConfig } from '../../../src/oci/config.ts'
import { digestOf, hexOf, type Digest } from '../../../src/oci/digest.ts'
import { familiarName, parseReference } from '../../../src/oci/reference.ts'

export interface FakeImage extends Omit<EngineImage, 'tags'> {
  /** The unpacked contents of the layers. */
  readonly layers: readonly Buffer[]
  readonly history: readonly EngineHistory[]
}

export type FakeArchive = ReadonlyMap<string, Buffer>

export interface FakeImages {
  /** Returns the ID and the names of each loaded image. */
  load(archive: FakeArchive): { id: string; names: string[]; failure?: string }[]
  find(id: string): FakeImage | undefined
  remove(id: string): void
  /** The files of `docker save` besides manifest.json, and its entry there. */
  save(id: string): { files: [name: string, content: Buffer][]; entry: { Config: string; Layers: string[] } }
}

/** An entry of a docker-archive's manifest.json. */
interface ManifestEntry {
  Config: string
  RepoTags: string[] | null
  Layers: string[]
}

/** Throws an engine's error. */
export function fail(words: string, status = 500): never {
  throw engineRefusal('the fake engine', status, words)
}

export const nameOf = (reference: string): string => familiarName(parseReference(reference))

const parse = (bytes: Buffer): unknown => JSON.parse(bytes.toString())
const isGzip = (bytes: Buffer): boolean => bytes.length > 2 && bytes.readUInt16BE() === 0x1f8b
const unpacked = (blob: Buffer): Buffer => (isGzip(blob) ? gunzipSync(blob) : blob)

function describe(id: string, config: ImageConfig, layers: readonly Buffer[]): FakeImage {
  return {
    id, layers, repoDigests: [],
    platform: { os: config.os, architecture: config.architecture, variant: config.variant },
    osVersion: config['os.version'], created: config.created, author: config.author,
    config: config.config, diffIds: config.rootfs.diff_ids, size: layers.reduce((sum, layer) => sum + layer.length, 0),
    history: (config.history ?? []).map(({ created, created_by, comment }, index, { length }) => ({
      ...(index === length - 1 ? { id } : {}),
      created: Date.parse(created ?? '') / 1000 || 0,
      createdBy: created_by ?? '',
      comment: comment ?? '',
      size: layers[index]?.length ?? 0,
    })).reverse(),
  }
}

/** Returns the unpacked layers of a chain: from the bottom those in `known`, then the layers that `blobOf` returns. */
function chainOf(diffIds: readonly Digest[], known: Iterable<FakeImage>, blobOf: (index: number) => Buffer, wrong: (index: number, got: string) => never): Buffer[] {
  const layers: Buffer[] = []
  for (const image of known) {
    const differs = diffIds.findIndex((diffId, index) => image.diffIds[index] !== diffId || image.layers[index] === undefined)
    const shared = differs < 0 ? diffIds.length : differs
    if (shared > layers.length) layers.splice(0, layers.length, ...image.layers.slice(0, shared))
  }
  for (let index = layers.length; index < diffIds.length; index++) {
    const layer = unpacked(blobOf(index))
    if (digestOf(layer) !== diffIds[index]) wrong(index, digestOf(layer))
    layers.push(layer)
  }
  return layers
}

const entriesOf = (archive: FakeArchive): ManifestEntry[] =>
  parse(archive.get('manifest.json') ?? fail('the archive has no manifest.json')) as ManifestEntry[]

/** Stores images as chains of layers; does not read the file of a layer with a known chain. */
export class GraphDriverImages implements FakeImages {
  readonly #images = new Map<string, { image: FakeImage; configBytes: Buffer }>()

  load(archive: FakeArchive): { id: string; names: string[] }[] {
    return entriesOf(archive).map(({ Config, RepoTags, Layers }) => {
      const configBytes = archive.get(Config) ?? fail(`open ${Config}: no such file or directory`)
      const config = parse(configBytes) as ImageConfig
      const diffIds = config.rootfs.diff_ids
      if (Layers.length !== diffIds.length) fail(`invalid manifest, layers length mismatch: expected ${Layers.length}, got ${diffIds.length}`)
      const fileOf = (index: number): Buffer => archive.get(Layers[index]!) ?? fail(`open ${Layers[index]}: no such file or directory`)
      const wrong = (index: number, got: string): never => fail(`invalid diffID for layer ${index}: expected "${diffIds[index]}", got "${got}"`)
      const known = [...this.#images.values()].map(({ image }) => image)
      const id = digestOf(configBytes)
      this.#images.set(id, { configBytes, image: describe(id, config, chainOf(diffIds, known, fileOf, wrong)) })
      return { id, names: RepoTags ?? [] }
    })
  }

  find(id: string): FakeImage | undefined {
    return this.#images.get(id)?.image
  }

  remove(id: string): void {
    this.#images.delete(id)
  }

  save(id: string): ReturnType<FakeImages['save']> {
    const { image, configBytes } = this.#images.get(id)!
    const files = image.layers.map((layer, index): [string, Buffer] => [`${index}.tar`, layer])
    return { files: [...files, ['config.json', configBytes]], entry: { Config: 'config.json', Layers: files.map(([name]) => name) } }
  }
}

interface Descriptor {
  mediaType?: string
  digest: Digest
  size: number
  annotations?: Record<string, string>
}

interface Manifest {
  manifests?: Descriptor[]
  config?: Descriptor
  layers?: Descriptor[]
}

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const DOCKER = 'application/vnd.docker'

/**
 * Stores images as manifests in a content store, and their unpacked layers. As with the real store, an image that lacks
 * blobs exists but cannot be inspected.
 */
export class ContainerdImages implements FakeImages {
  /** The content store; tests can remove blobs. */
  readonly blobs = new Map<Digest, Buffer>()
  /** The unpacked layers of each image. */
  readonly #images = new Map<string, readonly Buffer[]>()

  load(archive: FakeArchive): { id: string; names: string[]; failure?: string }[] {
    const index = archive.has('oci-layout') ? archive.get('index.json') : undefined
    if (index === undefined) return entriesOf(archive).map((entry) => this.#unpack(this.#import(archive, entry), entry.RepoTags ?? []))
    // As the real store does: the names of the files have no meaning.
    for (const content of archive.values()) this.blobs.set(digestOf(content), content)
    return ((parse(index) as Manifest).manifests ?? []).map(({ digest, annotations = {} }) => {
      const name = annotations['io.containerd.image.name'] ?? annotations['org.opencontainers.image.ref.name']
      return this.#unpack(digest, name === undefined ? [] : [name])
    })
  }

  /** Converts an image of a docker-archive into a manifest without checking the layers. */
  #import(archive: FakeArchive, { Config, Layers }: ManifestEntry): Digest {
    const put = (content: Buffer, mediaType: string): Descriptor => {
      const digest = digestOf(content)
      this.blobs.set(digest, content)
      return { mediaType, digest, size: content.length }
    }
    const fileOf = (name: string): Buffer => archive.get(name) ?? fail(`open ${name}: no such file or directory`)
    const layers = Layers.map((name) => put(fileOf(name), `${DOCKER}.image.rootfs.diff.tar${isGzip(fileOf(name)) ? '.gzip' : ''}`))
    const config = put(fileOf(Config), `${DOCKER}.container.image.v1+json`)
    const mediaType = `${DOCKER}.distribution.manifest.v2+json`
    return put(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers })), mediaType).digest
  }

  #unpack(id: Digest, names: string[]): { id: string; names: string[]; failure?: string } {
    const { config, layers } = this.#contents(id)
    const missing = (index: number): never => fail(`content digest ${layers[index]?.digest}: not found`)
    const blobOf = (index: number): Buffer => this.blobs.get(layers[index]?.digest ?? 'sha256:') ?? missing(index)
    const wrong = (_index: number, got: string): never => fail(`wrong diff id calculated on extraction "${got}"`)
    const known = [...this.#images.keys()].flatMap((other) => this.find(other) ?? [])
    this.#images.set(id, this.#images.get(id) ?? [])
    try {
      this.#images.set(id, chainOf(config?.rootfs.diff_ids ?? [], known, blobOf, wrong))
      return { id, names }
    } catch (error) {
      return { id, names, failure: `Error unpacking image ${names[0] ?? id}: ${(error as Error).message}` }
    }
  }

  /** Returns the config, if it exists, and the layers of an image's manifest; of an index, the first manifest in the store. */
  #contents(id: Digest): { config: ImageConfig | undefined; layers: Descriptor[]; digests: Digest[] } {
    const top = this.blobs.get(id)
    const manifest = top ? (parse(top) as Manifest) : {}
    const child = manifest.manifests?.find(({ digest }) => this.blobs.has(digest))
    if (child) return { ...this.#contents(child.digest), digests: [id, ...this.#contents(child.digest).digests] }
    const { config, layers = [] } = manifest
    const bytes = config && this.blobs.get(config.digest)
    return { config: bytes && (parse(bytes) as ImageConfig), layers, digests: [id, ...(config ? [config.digest] : []), ...layers.map(({ digest }) => digest)] }
  }

  find(id: string): FakeImage | undefined {
    const layers = this.#images.get(id)
    if (layers === undefined) return undefined
    const { config, digests } = this.#contents(id as Digest)
    const whole = digests.every((digest) => this.blobs.has(digest))
    return describe(id, (whole ? config : undefined) ?? { os: '', architecture: '', config: {}, rootfs: { type: 'layers', diff_ids: [] } }, layers)
  }

  remove(id: string): void {
    this.#images.delete(id)
    const used = new Set([...this.#images.keys()].flatMap((other) => this.#contents(other as Digest).digests))
    for (const digest of this.blobs.keys()) if (!used.has(digest)) this.blobs.delete(digest)
  }

  save(id: string): ReturnType<FakeImages['save']> {
    const pathOf = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`
    const { layers, digests } = this.#contents(id as Digest)
    const there = digests.flatMap((digest): [string, Buffer][] => (this.blobs.has(digest) ? [[pathOf(digest), this.blobs.get(digest)!]] : []))
    const top = this.blobs.get(id as Digest)!
    const { mediaType = OCI_MANIFEST, config } = parse(top) as Manifest & { mediaType?: string }
    const index = { schemaVersion: 2, manifests: [{ mediaType, digest: id, size: top.length }] }
    return {
      files: [['oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')], ['index.json', Buffer.from(JSON.stringify(index))], ...there],
      entry: { Config: config ? pathOf(config.digest) : '', Layers: layers.map(({ digest }) => pathOf(digest)) },
    }
  }

  info(digest: Digest): BlobInfo | undefined {
    const blob = this.blobs.get(digest)
    return blob && { digest, size: blob.length, labels: this.#labels(digest) }
  }

  /** The label that the real store adds to the blob of an unpacked layer. */
  #labels(digest: Digest): Record<string, string> {
    for (const [id, unpacked] of this.#images) {
      const at = this.#contents(id as Digest).layers.findIndex((layer) => layer.digest === digest)
      if (at >= 0 && unpacked[at] !== undefined) return { 'containerd.io/uncompressed': digestOf(unpacked[at]) }
    }
    return {}
  }
}
