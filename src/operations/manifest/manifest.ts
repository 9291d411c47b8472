/** `cnb manifest`: edits lists of images for several platforms, and pushes them as indexes. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { recordOf, stringOf } from '../../formats/lenient-values.ts'
import { withChange, withEntry, withoutEntry, type EntryChange } from '../../images/index/manifest-list.ts'
import { repositoryContent, repositoryName } from '../../images/remote/registry-source.ts'
import { isDigest, type Digest } from '../../oci/digest.ts'
import { readDocument } from '../../oci/document.ts'
import { encodeIndex } from '../../oci/image-index.ts'
import { readIndex } from '../../oci/manifest.ts'
import { DOCKER_INDEX, OCI_INDEX } from '../../oci/media-types.ts'
import { formatPlatform } from '../../oci/platform.ts'
import { familiarName, parseReference, parseTag, type Tag } from '../../oci/reference.ts'
import type { Registries } from '../../registry/registry.ts'
import { readRegistrySettings, type RegistryOptions } from '../config/registry-settings.ts'
import type { RegistryServices } from '../services.ts'
import { findEntry } from './find-entry.ts'
import { ManifestStore } from './manifest-store.ts'
import { pushList } from './push-list.ts'

/** `oci` or `docker`: the media type of the index. */
type ListFormat = 'oci' | 'docker'

const MEDIA_TYPES: Readonly<Record<ListFormat, string>> = { oci: OCI_INDEX, docker: DOCKER_INDEX }

export interface PushOptions extends RegistryOptions {
  format?: ListFormat
  /** Allows plain HTTP and any certificate for the list's registry. */
  insecure?: boolean
}

/** The new values of an entry's platform. */
export interface AnnotateOptions extends RegistryOptions {
  os?: string
  arch?: string
  variant?: string
}

/** The result of a command that changes a list. */
export interface ManifestResult {
  list: string
  images: { platform?: string; digest: string }[]
  /** The digest reference of a pushed index. */
  reference?: string
}

/**
 * Creates a list of images, on this machine, or with `publish` only in the registry.
 * @throws CnbError CNB_USAGE if the list exists, CNB_IMAGE_NOT_FOUND, CNB_REGISTRY_*, CNB_OUTPUT
 */
export async function createManifest(name: string, images: readonly string[], options: PushOptions & { publish?: boolean }, remote: RegistryServices, context: Context): Promise<ManifestResult> {
  const store = new ManifestStore(name, remote.host)
  if (options.insecure && !options.publish) throw new CnbError('CNB_USAGE', '--insecure requires --publish', { hint: 'Add --publish, or use --insecure with cnb manifest push.' })
  if (await store.exists()) throw new CnbError('CNB_USAGE', `the manifest list '${name}' already exists`, { hint: `Remove it with 'cnb manifest remove ${name}'.` })
  const registries = await openFor(store.tag, options, remote, context)
  const found = []
  for (const image of images) found.push(await findEntry(image, registries, remote, context))
  const mediaType = MEDIA_TYPES[options.format ?? 'oci']
  const list = found.reduce((all, { entry }) => withEntry(all, entry, name), encodeIndex({ mediaType, manifests: [] }))
  const sources = Object.fromEntries(found.map(({ entry, source }) => [entry.digest, source]))
  if (!options.publish) {
    await store.write(() => list, context)
    await store.addSources(sources)
    return describe(name, list)
  }
  const tag = store.tag ?? noDestination(name)
  return { ...describe(name, list), reference: await push(list, sources, mediaType, tag, registries, context) }
}

/** Adds an image to a list. @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_REGISTRY_*, CNB_OUTPUT */
export async function addToManifest(name: string, image: string, options: RegistryOptions, remote: RegistryServices, context: Context): Promise<ManifestResult> {
  const store = new ManifestStore(name, remote.host)
  await store.read()
  const { entry, source } = await findEntry(image, await openFor(undefined, options, remote, context), remote, context)
  await store.write((list) => withEntry(list, entry, name), context)
  await store.addSources({ [entry.digest]: source })
  return describe(name, await store.read())
}

/**
 * Changes the platform or annotations of an entry.
 * @param image its digest, a reference with its digest, or a name that resolves to it
 * @throws CnbError CNB_USAGE without a change, CNB_IMAGE_NOT_FOUND
 */
export async function annotateManifest(name: string, image: string, change: EntryChange, options: RegistryOptions, remote: RegistryServices, context: Context): Promise<ManifestResult> {
  const { os, arch, variant, annotations = {} } = change
  if ((os ?? arch ?? variant) === undefined && Object.keys(annotations).length === 0) {
    throw new CnbError('CNB_USAGE', 'nothing to annotate', { hint: 'Use --os, --arch, --variant or --annotations.' })
  }
  const store = new ManifestStore(name, remote.host)
  await store.read()
  const digest = digestIn(image) ?? (await findEntry(image, await openFor(undefined, options, remote, context), remote, context)).entry.digest
  await store.write((list) => withChange(list, digest, change, name), context)
  return describe(name, await store.read())
}

/** Removes entries by their digests from a list. @throws CnbError CNB_USAGE for a name without a digest, CNB_IMAGE_NOT_FOUND */
export async function removeFromManifest(name: string, images: readonly string[], remote: RegistryServices, context: Context): Promise<ManifestResult> {
  const store = new ManifestStore(name, remote.host)
  await store.read()
  const digests = images.map((image) => digestIn(image) ?? noDigest(image))
  await store.write((list) => digests.reduce((rest, digest) => withoutEntry(rest, digest, name), list), context)
  return describe(name, await store.read())
}

/** Returns a list's index, or that of an index in its registry. @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_IMAGE_INVALID */
export async function inspectManifest(name: string, options: RegistryOptions, remote: RegistryServices, context: Context): Promise<Record<string, unknown>> {
  const store = new ManifestStore(name, remote.host)
  if ((await store.exists()) || !store.tag) return parsed(await store.read(), name)
  const registries = await openFor(undefined, options, remote, context)
  const found = await repositoryContent(registries.repository(store.tag, 'pull'), repositoryName(store.tag)).manifest(store.tag.tag, context)
  if (found) return parsed(found.content, name)
  throw new CnbError('CNB_IMAGE_NOT_FOUND', `cannot find manifest list '${name}' on this machine, or as an index in its registry`, { hint: 'Check the name.' })
}

/**
 * Pushes a list to its registry, with the images that its repository lacks.
 * @param destination the name to push to; default: the list's
 * @throws CnbError CNB_USAGE without a name to push to, CNB_IMAGE_NOT_FOUND, CNB_IMAGE_INVALID for a missing image, CNB_REGISTRY_*
 */
export async function pushManifest(name: string, destination: string | undefined, options: PushOptions & { purge?: boolean }, remote: RegistryServices, context: Context): Promise<ManifestResult> {
  const store = new ManifestStore(name, remote.host)
  const list = await store.read()
  const tag = destination === undefined ? (store.tag ?? noDestination(name)) : parseTag(destination)
  const mediaType = options.format ? MEDIA_TYPES[options.format] : (stringOf(readDocument(list, `the manifest list '${name}'`).mediaType) ?? OCI_INDEX)
  const reference = await push(list, await store.sources(), mediaType, tag, await openFor(tag, options, remote, context), context)
  if (options.purge) await store.remove()
  return { ...describe(name, list), reference }
}

/** Removes lists from this machine, also if some of them do not exist. @throws CnbError CNB_IMAGE_NOT_FOUND, after the others are removed */
export async function removeManifests(names: readonly string[], { host }: RegistryServices): Promise<{ removed: string[] }> {
  const failures: unknown[] = []
  const removed: string[] = []
  for (const name of names) {
    await new ManifestStore(name, host).remove().then(() => removed.push(name), (error: unknown) => failures.push(error))
  }
  if (failures.length > 0) throw failures[0]
  return { removed }
}

async function push(list: Buffer, sources: Readonly<Record<string, string>>, mediaType: string, tag: Tag, registries: Registries, context: Context): Promise<string> {
  const { repoDigests } = await pushList(registries, { entries: readIndex(list, familiarName(tag)), mediaType, sources }, tag, context)
  return repoDigests[0]!
}

async function openFor(tag: Tag | undefined, { insecure, ...options }: PushOptions, remote: RegistryServices, context: Context): Promise<Registries> {
  const settings = await readRegistrySettings(options, remote.host, context)
  return remote.registries(insecure && tag ? { ...settings, insecure: [...settings.insecure, tag.registry] } : settings)
}

function describe(list: string, index: Buffer): ManifestResult {
  return { list, images: readIndex(index, list).map(({ digest, platform }) => ({ ...(platform ? { platform: formatPlatform(platform) } : {}), digest })) }
}

function parsed(index: Buffer, name: string): Record<string, unknown> {
  readIndex(index, name)
  return recordOf(JSON.parse(index.toString()))
}

function digestIn(text: string): Digest | undefined {
  return isDigest(text) ? text : text.startsWith('oci:') ? undefined : parseReference(text).digest
}

function noDigest(image: string): never {
  throw new CnbError('CNB_USAGE', `'${image}' has no digest`, { hint: "Use NAME@sha256:…, as 'cnb manifest inspect' shows it." })
}

function noDestination(name: string): never {
  throw new CnbError('CNB_USAGE', `cannot push '${name}': it has no name in a registry`, { hint: `Add the name: cnb manifest push ${name} NAME.` })
}
