/** Source code in images of registries, as `kp image create --local-path` uploads it. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readTar } from '../archive/tar/tar-reader.ts'
import { TreeWriter } from '../archive/tree-writer.ts'
import { CnbError } from '../base/errors.ts'
import { step, type Context } from '../base/events.ts'
import { makeTemporaryDirectory } from '../base/files.ts'
import { openRegistryImages } from '../images/remote/registry-source.ts'
import type { StoredImage } from '../images/stored-image.ts'
import type { Digest } from '../oci/digest.ts'
import { formatReference, parseReference, type Reference } from '../oci/reference.ts'
import type { Keychain } from '../registry/auth/keychain.ts'
import type { Registries } from '../registry/registry.ts'
import type { RegistrySource } from '../resources/kinds/parts.ts'
import type { SourceCredentials } from './credentials/credentials.ts'
import { SOURCE_LIMITS, type FetchedSource, type ResolvedRegistry, type ResolveOptions, type SourceKind, type SourceServices } from './source.ts'
import { findDirectory } from './sub-path.ts'
import { unpackFile } from './unpack.ts'

/** The label of an image with one archive instead of files (`pkg/registry/fetch.go` of kpack). */
const CONTENT_TYPE = 'source.contenttype.kpack.io'
const ARCHIVES = new Set(['zip', 'jar', 'war', 'tar', 'tar.gz'])

export class RegistryKind implements SourceKind<RegistrySource, ResolvedRegistry> {
  readonly #services: SourceServices
  readonly #registries = new Map<Keychain, Promise<Registries>>()
  readonly #digests = new Map<Registries, Map<string, Promise<Digest | undefined>>>()

  constructor(services: SourceServices) {
    this.#services = services
  }

  async resolve(source: RegistrySource & { subPath?: string }, { registry }: SourceCredentials, _options: ResolveOptions, context: Context): Promise<ResolvedRegistry> {
    const reference = parseReference(source.image)
    const digest = reference.digest ?? (await this.#digestOf(reference, await this.#open(registry), context))
    if (digest === undefined) throw missing(source.image)
    return { ...source, digest }
  }

  async fetch({ image, digest, subPath }: ResolvedRegistry, directory: string, { registry }: SourceCredentials, context: Context): Promise<FetchedSource> {
    const name = formatReference({ ...parseReference(image), tag: undefined, digest })
    const images = openRegistryImages(await this.#open(registry), this.#services.platform)
    await step(context, `downloading ${name}`, async () => {
      const found = await images.find(name, context)
      if (!found) throw missing(name)
      const type = found.labels[CONTENT_TYPE]
      if (type !== undefined && ARCHIVES.has(type)) await this.#unpackArchive(found, directory, context)
      else await this.#writeLayers(found, directory, context)
    })
    return { path: await findDirectory(directory, subPath, image), metadata: { type: 'image', metadata: { image }, version: { digest } } }
  }

  /** Sends one request for each tag and each keychain. */
  #digestOf(reference: Reference, registries: Registries, context: Context): Promise<Digest | undefined> {
    const known = this.#digests.get(registries) ?? new Map<string, Promise<Digest | undefined>>()
    this.#digests.set(registries, known)
    const name = formatReference(reference)
    const found = known.get(name) ?? registries.repository(reference).resolve(reference.tag ?? 'latest', context).then((descriptor) => descriptor?.digest)
    known.set(name, found)
    return found
  }

  #open(keychain: Keychain): Promise<Registries> {
    const registries = this.#registries.get(keychain) ?? this.#services.registries(keychain)
    this.#registries.set(keychain, registries)
    return registries
  }

  async #writeLayers({ layers, reference }: StoredImage, directory: string, context: Context): Promise<void> {
    const source = `the image ${reference}`
    const writer = new TreeWriter(directory, { ...context, source, limits: this.#services.limits ?? SOURCE_LIMITS })
    for (const layer of layers) {
      const tar = readTar(await layer.open(context.signal), { source, invalid: 'CNB_IMAGE_INVALID', signal: context.signal })
      await writer.add(tar, { whiteouts: true })
    }
    await writer.finish()
  }

  /** Unpacks the only file of the image's only layer. */
  async #unpackArchive(image: StoredImage, directory: string, context: Context): Promise<void> {
    if (image.layers.length !== 1) throw new CnbError('CNB_IMAGE_INVALID', `cannot use the image ${image.reference}: expected image to have exactly one layer`)
    await using temporary = await makeTemporaryDirectory('cnb-source-')
    await this.#writeLayers(image, temporary.path, context)
    const [file, ...more] = await readdir(temporary.path)
    if (file === undefined || more.length > 0) throw new CnbError('CNB_IMAGE_INVALID', `cannot use the image ${image.reference}: expected layer to have exactly one file`)
    const limits = this.#services.limits ?? SOURCE_LIMITS
    await unpackFile(join(temporary.path, file), directory, { ...context, limits, source: `the archive in ${image.reference}` })
  }
}

function missing(name: string): CnbError {
  return new CnbError('CNB_IMAGE_NOT_FOUND', `cannot find the source image ${name} in its registry`, { hint: 'Check spec.source.registry.image.' })
}
