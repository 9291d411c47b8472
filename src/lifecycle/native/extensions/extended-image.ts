/**
 * Reads the extended run image that the extender writes.
 *
 * It is an OCI layout below `/layers/extended/run`, which contains only the new layers (lifecycle phase/extender.go).
 */

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { decompress } from '../../../archive/decompress.ts'
import { readTar } from '../../../archive/tar/tar-reader.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Container } from '../../../docker/engine.ts'
import { FieldReader } from '../../../formats/field-reader.ts'
import { isTable } from '../../../formats/lenient-values.ts'
import type { Layer } from '../../../images/image.ts'
import type { ContainerConfig } from '../../../oci/config.ts'
import type { Digest } from '../../../oci/digest.ts'
import { LAYERS_DIR } from '../../phase.ts'
import type { AddedLayer } from '../export/app-config.ts'
import { extensionLayer } from './extension-layer.ts'

export interface ExtendedImage {
  /** The new layers above the run image's layers, in order. */
  readonly extensionLayers: readonly AddedLayer[]
  /** The container settings of the extended image; they replace the run image's settings (lifecycle cmd/lifecycle/exporter.go). */
  readonly extendedSettings: ContainerConfig
}

type ContainerFiles = Pick<Container, 'getArchive'>

const DIRECTORY = `${LAYERS_DIR}/extended/run`
const MAX_DOCUMENT = 8 * 1024 * 1024
const BRACE = '{'.charCodeAt(0)

/**
 * Reads the extended image. Each layer is read once to compute its diffID; a layer's `open` reads it from the container again,
 * and fails after the container is removed.
 * @throws CnbError CNB_PHASE_FAILED if the layout is malformed
 */
export async function readExtendedImage(container: ContainerFiles, context: Context): Promise<ExtendedImage> {
  const blobs = await readBlobs(container, context)
  const index = document(blobs.index, 'index.json')
  const [manifest] = index.tables('manifests').map((entry) => blobs.document(entry.requiredString('digest')))
  const config = manifest && blobs.document(manifest.table('config')?.requiredString('digest') ?? '')
  if (manifest === undefined || config === undefined) throw malformed('it has no manifest, or no config')
  const history = config.tables('history').filter((entry) => !entry.boolean('empty_layer'))
  const extensionLayers = manifest.tables('layers').flatMap((entry, index) => {
    // A layer without a blob belongs to the base image.
    const layer = blobs.layers.get(entry.requiredString('digest'))
    return layer ? [{ layer, createdBy: history[index]?.string('created_by') ?? '' }] : []
  })
  return { extensionLayers, extendedSettings: readSettings(config.table('config')) }
}

interface ExtensionBlobs {
  readonly index: Buffer | undefined
  readonly layers: ReadonlyMap<string, Layer>
  document(digest: string): FieldReader
}

async function readBlobs(container: ContainerFiles, context: Context): Promise<ExtensionBlobs> {
  const archive = await container.getArchive(DIRECTORY, context)
  if (!archive) throw malformed(`${DIRECTORY} does not exist`)
  const documents = new Map<string, Buffer>()
  const layers = new Map<string, Layer>()
  const roots = new Set<string>()
  let index: Buffer | undefined
  for await (const entry of readTar(archive, { source: DIRECTORY, signal: context.signal })) {
    const [, root, name, hex] = /^run\/([^/]+)\/(index\.json|blobs\/sha256\/([0-9a-f]{64}))$/.exec(entry.name.toString()) ?? []
    if (root === undefined || entry.type !== 'file') continue
    if (roots.add(root).size > 1) throw malformed(`${DIRECTORY} contains more than one image`)
    if (hex === undefined) {
      index = await small(entry.content, entry.size)
    } else if ((await firstByte(entry.content)) === BRACE) {
      documents.set(`sha256:${hex}`, await small(entry.content, entry.size))
    } else {
      layers.set(`sha256:${hex}`, await readLayer(entry.content, container, `${DIRECTORY}/${root}/${name}`))
    }
  }
  return { index, layers, document: (digest) => document(documents.get(digest), digest) }
}

async function readLayer(blob: Readable, files: ContainerFiles, path: string): Promise<Layer> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of extensionLayer(await decompress(blob, { source: path }))) {
    hash.update(chunk)
    size += chunk.length
  }
  const diffId: Digest = `sha256:${hash.digest('hex')}`
  const open = async (signal?: AbortSignal): Promise<Readable> =>
    Readable.from(readAgain(files, path, diffId, signal), { objectMode: false })
  return { diffId, size, open }
}

async function* readAgain(files: ContainerFiles, path: string, diffId: Digest, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  const context = signal ? { signal } : {}
  const archive = await files.getArchive(path, context)
  const hash = createHash('sha256')
  for await (const entry of archive ? readTar(archive, { source: path, ...context }) : []) {
    for await (const chunk of extensionLayer(await decompress(entry.content, { source: path }))) {
      hash.update(chunk)
      yield chunk
    }
    break
  }
  if (diffId !== `sha256:${hash.digest('hex')}`) throw malformed(`layer ${diffId} changed while it was read`)
}

/** Returns the stream's first byte without consuming it; undefined if the stream is empty. */
async function firstByte(content: Readable): Promise<number | undefined> {
  for (;;) {
    const head = content.read(1) as Buffer | null
    if (head) {
      content.unshift(head)
      return head[0]
    }
    if (content.readableEnded || content.destroyed) return undefined
    await new Promise<void>((resolve) => {
      for (const event of ['readable', 'end', 'close', 'error']) content.once(event, () => resolve())
    })
  }
}

async function small(content: Readable, size: number): Promise<Buffer> {
  if (size > MAX_DOCUMENT) throw malformed(`a document has ${size} bytes, and the limit is ${MAX_DOCUMENT}`)
  return buffer(content)
}

function document(bytes: Buffer | undefined, name: string): FieldReader {
  let value: unknown
  try {
    value = JSON.parse(bytes?.toString() ?? 'null')
  } catch (error) {
    throw malformed(`${name} is not JSON: ${(error as Error).message}`)
  }
  if (!isTable(value)) throw malformed(`${name} is missing`)
  return new FieldReader(value, [], (_path, message) => malformed(`${name}: ${message}`))
}

const TEXTS = ['User', 'WorkingDir', 'StopSignal', 'Hostname', 'Domainname', 'Image', 'MacAddress']
const FLAGS = ['AttachStderr', 'AttachStdin', 'AttachStdout', 'OpenStdin', 'StdinOnce', 'Tty', 'ArgsEscaped', 'NetworkDisabled']
const LISTS = ['Env', 'Entrypoint', 'Cmd', 'OnBuild', 'Shell']
const TABLES = ['Labels', 'Volumes', 'ExposedPorts', 'Healthcheck']

/** Returns the settings that the app's config takes over; checks the type of each field. */
function readSettings(config: FieldReader | undefined): ContainerConfig {
  if (config === undefined) return {}
  const labels = config.table('Labels')
  for (const name of labels?.keys() ?? []) labels?.string(name)
  const fields = [
    ...TEXTS.map((key) => [key, config.string(key)] as const),
    ...FLAGS.map((key) => [key, config.boolean(key)] as const),
    ...LISTS.map((key) => [key, config.strings(key)] as const).filter(([, list]) => list.length > 0),
    ...TABLES.map((key) => [key, config.table(key) && config.value(key)] as const),
  ]
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined))
}

function malformed(problem: string): CnbError {
  return new CnbError('CNB_PHASE_FAILED', `cannot use the extended run image: ${problem}`)
}
