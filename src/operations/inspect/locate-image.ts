/** Finds an image to inspect: on the engine, otherwise in its registry; `oci:` names in a layout. */

import { CnbError, type ErrorCode } from '../../base/errors.ts'
import { decide, step, type Context } from '../../base/events.ts'
import type { EngineImage } from '../../docker/engine.ts'
import { formatLayoutLocation, isLayoutLocation, parseLayoutLocation } from '../../images/oci-layout/layout-location.ts'
import { openRegistryImages } from '../../images/remote/registry-source.ts'
import type { StoredImage } from '../../images/stored-image.ts'
import { isImageId } from '../../oci/digest.ts'
import { formatPlatform, platformMatches, type Platform } from '../../oci/platform.ts'
import { DOCKER_HUB, parseReference } from '../../oci/reference.ts'
import { parsePlatform } from '../parse-platform.ts'
import { readRegistrySettings, type RegistryOptions } from '../config/registry-settings.ts'
import type { RegistrySettings, RegistryServices, EngineServices } from '../services.ts'

export interface LocateOptions extends RegistryOptions {
  /** Reads from the registry only, without an engine. */
  remote?: boolean
  /** Reads from the engine only, without a registry. */
  local?: boolean
  /** `os/arch[/variant]`: the required platform, which also selects the image of an index. */
  platform?: string
}

/** The kinds of images that commands read, with a hint how to create one. */
const MAKERS = {
  app: (name: string) => `To build it: cnb build ${name}`,
  builder: (name: string) => `To create it: cnb builder create ${name} --config builder.toml`,
  buildpack: (name: string) => `To create it: cnb buildpack package ${name} --path .`,
  extension: (name: string) => `To create it: cnb extension package ${name} --path .`,
}

export type ImageKind = keyof typeof MAKERS

/** Access to the engine and to registries. `services` connects to the engine. */
export interface ImageServices {
  readonly services: () => Promise<EngineServices>
  readonly remote: RegistryServices
}

/** An image and its location. `name` is the name as the user typed it. */
export type LocatedImage =
  | { readonly place: 'engine'; readonly name: string; readonly image: EngineImage; readonly services: EngineServices }
  | { readonly place: 'registry' | 'layout'; readonly name: string; readonly image: StoredImage }

interface LocateRequest {
  readonly name: string
  readonly kind: ImageKind
}

/** The reason why the image was not found on the engine; `code` is set if the connection to the engine failed. */
interface Miss {
  readonly why: string
  /** Set if the engine has no image of that name for any platform. */
  readonly isAbsent?: true
  readonly code?: ErrorCode
  readonly hint?: string
}

/**
 * Finds an image to read. Returns the engine's copy if the engine is reachable and has the image (for the requested platform), otherwise
 * the registry's. Names of the form `oci:DIR` are searched only in that layout.
 * @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_PLATFORM_MISMATCH, CNB_IMAGE_INVALID, CNB_REFERENCE_INVALID, CNB_USAGE, CNB_REGISTRY_*,
 * and CNB_ENGINE_* if neither the engine nor the registry is reachable
 */
export async function locateImage(
  name: string,
  options: LocateOptions & { readonly kind?: ImageKind },
  places: ImageServices,
  context: Context,
): Promise<LocatedImage> {
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform)
  const settings = await readRegistrySettings(options, places.remote.host, context)
  const read = (from: string, reason: string): void => decide(context, { kind: 'image', name }, `read from ${from}`, reason)
  if (isLayoutLocation(name)) {
    read('an OCI layout', "its name starts with 'oci:'")
    return inLayout(name, platform, places.remote, context)
  }
  const wanted = { name, kind: options.kind ?? 'app' }
  if (!isImageId(name)) parseReference(name)
  const found = options.remote ? undefined : await askEngine(name, platform, places, context)
  if (found && 'place' in found) {
    read('the engine', `the engine has it${platform ? ` for ${formatPlatform(platform)}` : ''}`)
    return found
  }
  if (found && options.local) throw found.code ? new CnbError(found.code, found.why, { hint: found.hint }) : notFound(wanted, undefined, found)
  if (isImageId(name)) throw notFound(wanted, found, { why: `'${name}' is an image ID, and registries have none`, hint: "Use the image's name." })
  read('its registry', found?.why ?? '--remote is set')
  if (found) context.events?.({ type: found.code === 'CNB_ENGINE_DENIED' ? 'warning' : 'debug', message: found.why })
  try {
    const image = await step(context, `reading '${name}' in its registry`, () => inRegistry(name, settings, platform, places.remote, context))
    if (image) return { place: 'registry', name, image }
  } catch (error) {
    context.signal?.throwIfAborted()
    throw found && error instanceof CnbError ? inBothPlaces(wanted, found, error) : error
  }
  throw notFound(wanted, found, { why: `no registry has an image '${name}'`, hint: 'Check the name and the tag.' })
}

async function askEngine(name: string, platform: Platform | undefined, places: ImageServices, context: Context): Promise<LocatedImage | Miss> {
  let services: EngineServices
  try {
    services = await places.services()
  } catch (error) {
    if (!(error instanceof CnbError) || !['CNB_ENGINE_UNREACHABLE', 'CNB_ENGINE_DENIED'].includes(error.code)) throw error
    return { why: error.message, code: error.code, ...(error.hint === undefined ? {} : { hint: error.hint }) }
  }
  const image = await services.engine.images.inspect(name, context)
  if (!image) return { why: `the engine has no image '${name}'`, isAbsent: true }
  if (platform && !platformMatches(image.platform, platform)) return { why: `the engine's image '${name}' is for ${formatPlatform(image.platform)}` }
  return { place: 'engine', name, image, services }
}

async function inRegistry(
  name: string,
  settings: RegistrySettings,
  platform: Platform | undefined,
  remote: RegistryServices,
  context: Context,
): Promise<StoredImage | undefined> {
  const registries = await remote.registries(settings)
  const image = await openRegistryImages(registries, platform ?? remote.platform).find(name, context)
  if (image) checkPlatform(name, image, platform)
  return image
}

async function inLayout(name: string, platform: Platform | undefined, remote: RegistryServices, context: Context): Promise<LocatedImage> {
  const { openLayoutImages } = await import('../../images/oci-layout/layout-source.ts')
  const image = await openLayoutImages(platform ?? remote.platform).find(name, context)
  if (!image) throw new CnbError('CNB_IMAGE_NOT_FOUND', `cannot find image '${name}'`, { hint: 'Check the directory, and the tag or digest after it.' })
  checkPlatform(name, image, platform)
  const { directory } = parseLayoutLocation(name)
  return { place: 'layout', name, image: { ...image, id: formatLayoutLocation({ directory, digest: image.manifest.descriptor.digest }) } }
}

/** Throws if the image is not for the requested platform: sources return a single image, not from an index, for any platform. */
function checkPlatform(name: string, image: StoredImage, platform: Platform | undefined): void {
  if (!platform || platformMatches(image.platform, platform)) return
  throw new CnbError('CNB_PLATFORM_MISMATCH', `image '${name}' is for ${formatPlatform(image.platform)} only, not for ${formatPlatform(platform)}`)
}

/**
 * Combines the engine's reason and the registry's error. A name without a host may refer to an image on the engine only, so a registry
 * that denies access or does not respond counts as "not found".
 */
function inBothPlaces(wanted: LocateRequest, miss: Miss, error: CnbError): CnbError {
  const { code, message, hint } = error
  if (code !== 'CNB_REGISTRY_UNREACHABLE' && code !== 'CNB_REGISTRY_DENIED') return error
  if (parseReference(wanted.name).registry !== DOCKER_HUB) return error.withMessage(searched(wanted.name, miss, message))
  if (!miss.code) return notFound(wanted, miss, { why: message, hint, cause: error })
  return new CnbError(miss.code, searched(wanted.name, miss, message), { hint: [miss.hint, hint].filter(Boolean).join('\n'), cause: error })
}

function notFound(wanted: LocateRequest, miss: Miss | undefined, { why, hint, cause }: { why: string; hint?: string | undefined; cause?: unknown }): CnbError {
  return new CnbError('CNB_IMAGE_NOT_FOUND', searched(wanted.name, miss, why), { hint: [hint, miss?.isAbsent && makerHint(wanted)].filter(Boolean).join('\n'), cause })
}

/** Returns the message: one line per searched location. */
function searched(name: string, miss: Miss | undefined, why: string): string {
  return miss ? [`cannot find image '${name}'`, miss.why, why].join('\n') : why
}

/** Returns the hint how to create the image. Returns undefined if the name has a registry host or digest, or is an image ID. */
function makerHint({ name, kind }: LocateRequest): string | undefined {
  if (isImageId(name)) return undefined
  const { registry, digest } = parseReference(name)
  return registry === DOCKER_HUB && digest === undefined ? MAKERS[kind](name) : undefined
}
