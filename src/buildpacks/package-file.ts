/** Reads a buildpack package (.cnb): a tar of an OCI image layout with layers of buildpacks. */

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { decompress } from '../archive/decompress.ts'
import { readTar } from '../archive/tar/tar-reader.ts'
import { CnbError, throwIfAborted } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Layer } from '../images/image.ts'
import { hexOf, isDigest, type Digest } from '../oci/digest.ts'
import { compareBytes } from '../formats/go/json.ts'
import type { Buildpack } from './buildpack.ts'
import { readOrder, readTarget, type BuildpackDescriptor, type ModuleKind } from './buildpack-descriptor.ts'
import { EntryNames } from './entry-names.ts'
import { FieldReader } from '../formats/field-reader.ts'
import { isTable } from '../formats/lenient-values.ts'
import { readEntryText, type FileTree, type TreeEntry } from './file-tree.ts'
import { BUILDPACK_LAYERS_LABEL, EXTENSION_LAYERS_LABEL, PACKAGE_METADATA_LABEL } from '../images/labels/label-names.ts'

const MANIFESTS = new Set(['application/vnd.docker.distribution.manifest.v2+json', 'application/vnd.oci.image.manifest.v1+json'])

/**
 * Reads a package's buildpacks, its main buildpack first. Each layer is read once, to verify its digest and that it contains only
 * files of buildpacks.
 * @throws CnbError CNB_BUILDPACK_INVALID
 */
export async function readPackage(tree: FileTree, kind: ModuleKind, context: Context): Promise<Buildpack[]> {
  const document = async (name: string): Promise<FieldReader> => readJson(await blobText(tree, name, context), name, tree)
  const index = await document('index.json')
  const entry = index.tables('manifests').find((manifest) => MANIFESTS.has(manifest.string('mediaType') ?? ''))
  if (!entry) throw index.error('manifests', 'the index has no image manifest')
  const manifest = await document(blobName(entry))
  const configName = manifest.table('config')
  if (!configName) throw manifest.error('config', 'the manifest has no config')
  const config = await document(blobName(configName))
  const labels = config.table('config')?.table('Labels')
  const label = (name: string): FieldReader => {
    const text = labels?.string(name)
    if (!text) throw config.error('config', `the package has no label ${name}`, `Pass a package of ${kind}s.`)
    return readJson(text, `label ${name}`, tree)
  }
  const main = label(PACKAGE_METADATA_LABEL)
  const blobs = manifest.tables('layers').map(blobName)
  const layers = new Map((config.table('rootfs')?.strings('diff_ids') ?? []).map((diffId, position) => [diffId, blobs[position]]))
  const descriptors = readLayersLabel(label(kind === 'extension' ? EXTENSION_LAYERS_LABEL : BUILDPACK_LAYERS_LABEL), kind)
  const isMain = ({ info }: BuildpackDescriptor): boolean => info.id === main.string('id') && info.version === main.string('version')
  descriptors.sort((a, b) => Number(isMain(b.descriptor)) - Number(isMain(a.descriptor)) || compareBytes(nameOf(a), nameOf(b)))
  const read = new Map<Digest, Layer>()
  const buildpacks: Buildpack[] = []
  for (const { descriptor, diffId } of descriptors) {
    const blob = layers.get(diffId)
    if (blob === undefined) throw config.error('rootfs', `the package lacks layer ${diffId} of '${descriptor.info.id}'`)
    const layer = read.get(diffId) ?? (await checkedLayer(tree, blob, diffId, context))
    read.set(diffId, layer)
    buildpacks.push({ origin: tree.path, descriptor, layer })
  }
  return buildpacks
}

interface PackagedModule {
  readonly descriptor: BuildpackDescriptor
  readonly diffId: Digest
}

function nameOf({ descriptor: { info } }: PackagedModule): string {
  return `${info.id}@${info.version}`
}

function readLayersLabel(label: FieldReader, kind: ModuleKind): PackagedModule[] {
  return label.keys().flatMap((id) => {
    const versions = label.table(id)
    return (versions?.keys() ?? []).flatMap((version) => {
      const layer = versions?.table(version)
      return layer ? [readLayerInfo(layer, id, version, kind)] : []
    })
  })
}

function readLayerInfo(layer: FieldReader, id: string, version: string, kind: ModuleKind): PackagedModule {
  const diffId = layer.requiredString('layerDiffID')
  if (!isDigest(diffId)) throw layer.error('layerDiffID', `'${diffId}' is not a digest`)
  const name = layer.string('name')
  const homepage = layer.string('homepage')
  const descriptor = {
    kind,
    api: layer.requiredString('api'),
    info: { id, version, name, homepage },
    stacks: layer.tables('stacks').map((stack) => ({ id: stack.string('id') ?? '', mixins: stack.strings('mixins') })),
    targets: layer.tables('targets').map(readTarget),
    order: readOrder(layer, 'order'),
  }
  return { descriptor, diffId }
}

function readJson(text: string, name: string, { path, invalid }: FileTree): FieldReader {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new CnbError(invalid, `${name} of the package '${path}' is not JSON: ${(cause as Error).message}`, { cause })
  }
  if (!isTable(value)) throw new CnbError(invalid, `${name} of the package '${path}' is not a JSON object`)
  return new FieldReader(value, [], (_, message, hint) => new CnbError(invalid, `${name} of the package '${path}': ${message}`, { hint }))
}

function blobName(descriptor: FieldReader): string {
  const digest = descriptor.requiredString('digest')
  if (!isDigest(digest)) throw descriptor.error('digest', `'${digest}' is not a sha256 digest`)
  return `blobs/sha256/${hexOf(digest)}`
}

async function* blob(tree: FileTree, name: string, context: Context): AsyncGenerator<TreeEntry, void, undefined> {
  for await (const entry of tree.entries(context)) {
    if (entry.type !== 'file' || entry.name.toString() !== name) continue
    yield entry
    return
  }
  throw new CnbError(tree.invalid, `the package '${tree.path}' lacks the file ${name}`)
}

async function blobText(tree: FileTree, name: string, context: Context): Promise<string> {
  for await (const entry of blob(tree, name, context)) return readEntryText(entry, tree)
  return ''
}

/** Yields a layer's uncompressed tar from the package file. */
async function* layerBytes(tree: FileTree, name: string, context: Context): AsyncGenerator<Buffer, void, undefined> {
  for await (const { content } of blob(tree, name, context)) {
    if (content === undefined) return
    const stored = Buffer.isBuffer(content) ? Readable.from([content]) : typeof content === 'function' ? await content() : content
    yield* (await decompress(stored, { source: `${name} of '${tree.path}'`, invalid: tree.invalid })) as AsyncIterable<Buffer>
  }
}

async function checkedLayer(tree: FileTree, name: string, diffId: Digest, { signal }: Context): Promise<Layer> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of layerBytes(tree, name, { signal })) {
    throwIfAborted(signal)
    hash.update(chunk)
    size += chunk.length
  }
  const found = `sha256:${hash.digest('hex')}`
  if (found !== diffId) {
    throw new CnbError(tree.invalid, `a layer of the package '${tree.path}' has digest ${found}, expected ${diffId}`)
  }
  const open = async (signal?: AbortSignal): Promise<Readable> => Readable.from(layerBytes(tree, name, { signal }), { objectMode: false })
  await checkNames(await open(signal), tree, signal)
  return { diffId, size, open }
}

const ALLOWED = /^cnb\/(?:buildpacks|extensions)\/./
const PARENTS = new Set(['', 'cnb', 'cnb/buildpacks', 'cnb/extensions'])

async function checkNames(layer: Readable, { path, invalid }: FileTree, signal: AbortSignal | undefined): Promise<void> {
  const names = new EntryNames(path, invalid)
  for await (const entry of readTar(layer, { source: `a layer of '${path}'`, invalid, signal })) {
    const name = names.clean(entry).toString('latin1')
    const target = entry.type === 'link' ? names.cleanLink(entry).toString('latin1') : name
    if (entry.type === 'directory' && PARENTS.has(name)) continue
    if (ALLOWED.test(name) && ALLOWED.test(target)) continue
    throw new CnbError(invalid, `a layer of the package '${path}' contains '${entry.name.toString()}', which is not a buildpack's file`, {
      hint: 'Report this to the author of the package: it could replace files of the builder.',
    })
  }
}
