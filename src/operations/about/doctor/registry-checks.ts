/** The checks of `cnb doctor` of registries, of images in them, and of the default builder. */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Engine } from '../../../docker/engine.ts'
import { BUILDER_METADATA_LABEL } from '../../../images/labels/label-names.ts'
import { DOCKER_HUB, parseReference, type Reference } from '../../../oci/reference.ts'
import type { Keychain } from '../../../registry/auth/keychain.ts'
import type { Registries } from '../../../registry/registry.ts'
import type { ClockReading } from './clock-check.ts'
import { problemOf, type Check, type Finding } from './check.ts'

/** A registry to check, and an image of it to find. */
export interface RegistryTarget {
  readonly registry: string
  readonly image?: Reference
  /** The image as typed. */
  readonly name?: string
}

export interface RegistryAccess {
  readonly registries: Registries
  readonly keychain: Keychain
  /** The check of a registry adds its clock. */
  readonly clocks: ClockReading[]
}

const LIMIT_MS = 10_000

/**
 * Parses an argument: an image, or a registry, which has a dot, is `localhost`, or ends in `/`.
 * @throws CnbError CNB_REFERENCE_INVALID
 */
export function parseTarget(text: string): RegistryTarget {
  const host = text.replace(/\/$/, '')
  const isRegistry = !host.includes('/') && (host !== text || /^(localhost|\[.*\]|[^:@]*\.[^:@]*)(:\d+)?$/.test(host))
  if (!isRegistry) {
    const image = parseReference(text)
    return { registry: image.registry, image, name: text }
  }
  // The grammar of hosts is that of image names.
  return { registry: parseReference(`${host}/x`).registry }
}

/**
 * Returns the check of a registry.
 * @param isPush whether write access to the image is checked
 * @param isNeeded whether a build fails without the registry
 */
export function registryCheck({ registry, image, name = '' }: RegistryTarget, access: RegistryAccess, { isPush, isNeeded }: { readonly isPush: boolean; readonly isNeeded: boolean }): Check {
  const orFailure = (finding: Promise<Finding>): Promise<Finding> => finding.catch((error: unknown) => problemOf(error, isNeeded ? 'problem' : 'warning'))
  const run = async (context: Context): Promise<Finding[]> => {
    const reached = await orFailure(pingRegistry(registry, access, context))
    if (!image || reached.status === 'problem') return [reached]
    return [reached, await orFailure(findImage(image, name, access, isPush, context))]
  }
  return { name: 'registry', limitMs: LIMIT_MS, ifSlow: `Check the network, and the proxy (HTTPS_PROXY, NO_PROXY) for ${registry}.`, run }
}

async function pingRegistry(registry: string, { registries, keychain, clocks }: RegistryAccess, context: Context): Promise<Finding> {
  const credentials = await keychain(registry)
  const login = `Log in: 'docker login${registry === DOCKER_HUB ? '' : ` ${registry}`}'.`
  try {
    const { origin, isAllowed, aheadMs } = await registries.ping(registry, context)
    if (aheadMs !== undefined) clocks.push({ name: registry, aheadMs })
    if (credentials === undefined) return isAllowed ? { status: 'ok', found: `${origin}: reachable` } : anonymous(origin, login)
    if (isAllowed) return { status: 'ok', found: `${origin}: reachable, and accepts the login` }
    return { status: 'problem', found: `${origin}: it does not accept the login`, fix: login, code: 'CNB_REGISTRY_DENIED' }
  } catch (error) {
    // Some token servers refuse a request that names no repository.
    if (credentials === undefined && error instanceof CnbError && error.code === 'CNB_REGISTRY_DENIED') return anonymous(registry, login)
    throw error
  }
}

function anonymous(name: string, fix: string): Finding {
  return { status: 'warning', found: `${name}: reachable, but it requires a login`, fix }
}

async function findImage(image: Reference, name: string, { registries }: RegistryAccess, isPush: boolean, context: Context): Promise<Finding> {
  if (isPush) {
    await registries.repository(image, 'push').checkPush(context)
    return { status: 'ok', found: `${name}: can be pushed` }
  }
  const found = await registries.repository(image).resolve(image.digest ?? image.tag ?? 'latest', context)
  return { status: 'ok', found: found ? `${name}: can be pulled` : `${name}: does not exist, and can be a new image` }
}

/** @param engine undefined without an engine */
export function builderCheck(name: string | undefined, engine: Engine | undefined, access: RegistryAccess | undefined): Check {
  return { name: 'builder', limitMs: LIMIT_MS, ifSlow: 'Check the network, or pull the default builder.', run: (context) => checkBuilder(name, engine, access, context) }
}

async function checkBuilder(name: string | undefined, engine: Engine | undefined, access: RegistryAccess | undefined, context: Context): Promise<Finding> {
  if (name === undefined) return { status: 'skipped', found: 'no default builder is set' }
  const present = await engine?.images.inspect(name, context)
  if (present) {
    if (present.config.Labels?.[BUILDER_METADATA_LABEL] !== undefined) return { status: 'ok', found: `${name}: on the engine` }
    return { status: 'problem', found: `${name} on the engine is not a builder`, fix: "Set another one: 'cnb config default-builder'.", code: 'CNB_BUILDER_INVALID' }
  }
  if (access === undefined) return { status: 'skipped', found: `${name}: not checked without a registry client` }
  const image = parseReference(name)
  const found = await access.registries.repository(image).resolve(image.digest ?? image.tag ?? 'latest', context)
  if (found) return { status: 'ok', found: `${name}: can be pulled` }
  return { status: 'problem', found: `${name}: neither on the engine nor in its registry`, fix: "Set another one: 'cnb config default-builder'.", code: 'CNB_IMAGE_NOT_FOUND' }
}
