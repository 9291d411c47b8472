/** The images of fixtures/golden/kpack/builders/inputs.json, and kpack's answers. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, type Digest } from '../../../../../src/oci/digest.ts'
import { DOCKER_GZIP_LAYER, DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../../../../src/oci/media-types.ts'
import { parseReference } from '../../../../../src/oci/reference.ts'
import type { Registries } from '../../../../../src/registry/registry.ts'
import type { ClusterLifecycleSpec, ClusterLifecycleStatus, ClusterStackSpec, ClusterStackStatus } from '../../../../../src/resources/kinds/bases.ts'
import type { BuilderSpec, BuilderStatus } from '../../../../../src/resources/kinds/builder.ts'
import type { BuildpackStatus, ImageSource } from '../../../../../src/resources/kinds/parts.ts'
import type { MemoryRegistry } from '../../../../support/fakes/memory-registry.ts'

export interface GoldenImage {
  name: string
  index?: string[]
  docker?: boolean
  platform?: string
  layers?: string[]
  env?: string[]
  user?: string
  created?: string
  labels?: Record<string, unknown>
  history?: unknown[]
  annotations?: Record<string, string>
}

interface GoldenResource {
  name: string
  namespace?: string
  image: string
}

export interface GoldenBuilder {
  title: string
  tag: string
  stack: string
  store?: string
  lifecycle: string
  buildpacks?: GoldenResource[]
  clusterBuildpacks?: GoldenResource[]
  spec: Pick<BuilderSpec, 'order' | 'additionalLabels'>
}

interface Inputs {
  kpackVersion: string
  images: GoldenImage[]
  stacks: Record<string, ClusterStackSpec>
  stores: Record<string, ImageSource[]>
  lifecycles: Record<string, ClusterLifecycleSpec>
  builders: GoldenBuilder[]
}

interface Answer<T> {
  status?: T
  error?: string
  manifest?: unknown
  config?: unknown
}

interface Answers {
  images: Record<string, string>
  stacks: Record<string, Answer<ClusterStackStatus>>
  stores: Record<string, Answer<BuildpackStatus[]>>
  lifecycles: Record<string, Answer<ClusterLifecycleStatus>>
  builders: Answer<BuilderStatus>[]
  tags: string[]
}

const read = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, '../../../../../fixtures/golden/kpack/builders', name), 'utf8'))
export const inputs = read('inputs.json') as Inputs
export const answers = read('answers.json') as Answers

/** The registry in the names of all images. */
const REGISTRY = 'registry.example'

/** Returns registries that find `registry.example` at the address. */
export function namedRegistries(registries: Registries, { address }: { readonly address: string }): Registries {
  return {
    ...registries,
    repository(text, access) {
      const reference = typeof text === 'string' ? parseReference(text) : text
      return registries.repository([REGISTRY, 'docker.io'].includes(reference.registry) ? { ...reference, registry: address } : reference, access)
    },
  }
}

function blob(seed: string, size: number): Buffer {
  const parts = Array.from({ length: Math.ceil(size / 32) }, (_, at) => createHash('sha256').update(`${seed} ${at}`).digest())
  return Buffer.concat(parts).subarray(0, size)
}

function labelText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.replace(/\$DIFF\(([^)]*)\)/g, (_whole, seed: string) => digestOf(seed))
}

/** Stores an image in the registry, with the bytes that the Go program stores. */
export function store(registry: MemoryRegistry, image: GoldenImage): Digest {
  const { repository: path, tag = 'latest' } = parseReference(image.name)
  const { blobs, manifests, tags } = registry.repository(path)
  const put = (content: Buffer): { digest: Digest; size: number } => {
    const digest = digestOf(content)
    blobs.set(digest, content)
    return { digest, size: content.length }
  }
  const finish = (mediaType: string, document: object): Digest => {
    const content = Buffer.from(JSON.stringify(document))
    const digest = digestOf(content)
    manifests.set(digest, { mediaType, content })
    tags.set(tag, digest)
    return digest
  }
  if (image.index) {
    const entries = image.index.map((name) => {
      const digest = tags.get(parseReference(name).tag!)!
      const { mediaType, content } = manifests.get(digest)!
      const [os, architecture] = inputs.images.find((each) => each.name === name)!.platform!.split('/')
      return { mediaType, size: content.length, digest, platform: { architecture, os } }
    })
    return finish(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries })
  }
  const { docker = false, platform = 'linux/amd64', layers = [], env, user, created, labels = {}, history, annotations } = image
  const mediaType = docker ? DOCKER_MANIFEST : OCI_MANIFEST
  const stored = layers.map((each) => {
    const [seed = '', size = '0'] = each.split(':')
    const { digest } = put(blob(seed, Number(size)))
    return { mediaType: docker ? DOCKER_GZIP_LAYER : `${OCI_LAYER}+gzip`, size: Number(size), digest }
  })
  const [os, architecture] = platform.split('/')
  const texts = Object.keys(labels).sort().map((key) => [key, labelText(labels[key])])
  const config = put(Buffer.from(JSON.stringify({
    architecture, os, created,
    config: { Env: env, Labels: texts.length > 0 ? Object.fromEntries(texts) : undefined, User: user },
    rootfs: { type: 'layers', diff_ids: layers.map((each) => digestOf(each.split(':')[0]!)) },
    history,
  })))
  const described = { mediaType: docker ? 'application/vnd.docker.container.image.v1+json' : OCI_CONFIG, size: config.size, digest: config.digest }
  return finish(mediaType, { schemaVersion: 2, mediaType, config: described, layers: stored, annotations })
}
