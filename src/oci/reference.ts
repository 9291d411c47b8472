/**
 * Image references: distribution's reference grammar, and Docker's normalization of short names.
 *
 * `nginx` is `docker.io/library/nginx:latest`.
 */

import { CnbError } from '../base/errors.ts'
import { isDigest, isImageId, type Digest } from './digest.ts'
import { referenceFault } from './reference-fault.ts'

export interface Reference {
  /** Host with optional port, `docker.io` for Docker Hub. */
  readonly registry: string
  /** Path in the registry, with `library/` for Hub's short names. */
  readonly repository: string
  /** The specified tag, or `latest` if the reference has neither tag nor digest. */
  readonly tag?: string
  readonly digest?: Digest
}

/** The name that an image can be tagged with: it has a tag and no digest. */
export interface Tag extends Reference {
  readonly tag: string
  readonly digest?: undefined
}

/** The registry of names without a registry. */
export const DOCKER_HUB = 'docker.io'
const HUB_ALIASES = new Set(['docker.io', 'index.docker.io'])
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`)
const TAG = /^[\w][\w.-]{0,127}$/
const HOST = /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/
const MAX_REPOSITORY = 255

/**
 * Parses an image name as a user types it.
 * @throws CnbError CNB_REFERENCE_INVALID
 */
export function parseReference(text: string): Reference {
  const fail = (): never => {
    const { why, hint } = referenceFault(text)
    throw new CnbError('CNB_REFERENCE_INVALID', `'${text}' is not an image reference: ${why}`, { hint })
  }
  const at = text.indexOf('@')
  const digest = at < 0 ? undefined : text.slice(at + 1)
  if (digest !== undefined && !isDigest(digest)) fail()
  const name = at < 0 ? text : text.slice(0, at)

  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  // Docker also accepts upper case as a host; the lifecycle does not, and would fail in the middle of the build.
  const hasHost = /[.:]/.test(first) || first === 'localhost'
  const host = hasHost ? first : DOCKER_HUB
  if (!HOST.test(host)) fail()
  const rest = hasHost ? name.slice(slash + 1) : name

  const colon = rest.indexOf(':')
  const path = colon < 0 ? rest : rest.slice(0, colon)
  const tag = colon < 0 ? undefined : rest.slice(colon + 1)
  if (tag !== undefined && !isTag(tag)) fail()
  if (!REPOSITORY.test(path)) fail()

  const registry = HUB_ALIASES.has(host) ? DOCKER_HUB : host
  const repository = registry === DOCKER_HUB && !path.includes('/') ? `library/${path}` : path
  if (registry.length + 1 + repository.length > MAX_REPOSITORY) fail()
  return {
    registry,
    repository,
    ...(tag !== undefined ? { tag } : digest === undefined ? { tag: 'latest' } : {}),
    ...(digest !== undefined && isDigest(digest) ? { digest } : {}),
  }
}

/**
 * Parses the name of a new image.
 * @param hint the hint of the error for a name that only an existing image can have
 * @throws CnbError CNB_REFERENCE_INVALID for a name with a digest, an image ID, an OCI layout or an invalid reference
 */
export function parseTag(text: string, hint = "Use a name with a tag, such as 'my-app:1.0'."): Tag {
  if (isImageId(text)) throw cannotName(text, 'it is an image ID', hint)
  if (text.startsWith('oci:')) throw cannotName(text, 'it names an OCI layout', 'Name the image by a reference; cnb build saves it in a layout with --to oci:DIR.')
  const { registry, repository, tag, digest } = parseReference(text)
  if (digest !== undefined || tag === undefined) throw cannotName(text, 'it has a digest', hint)
  return { registry, repository, tag }
}

/** Parses the names of a new image. Names that differ only in spelling, such as `app` and `app:latest`, are returned once. @throws see parseTag */
export function parseTags(name: string, more: readonly string[] = []): [Tag, ...Tag[]] {
  const first = parseTag(name)
  const distinct = new Map([first, ...more.map((text) => parseTag(text))].map((tag) => [formatReference(tag), tag]))
  distinct.delete(formatReference(first))
  return [first, ...distinct.values()]
}

/** Returns the error for a text that cannot be the name of a new image. */
export function cannotName(text: string, why: string, hint?: string): CnbError {
  return new CnbError('CNB_REFERENCE_INVALID', `cannot use '${text}' as the name of a new image: ${why}`, { hint })
}

export function isTag(text: string): boolean {
  return TAG.test(text)
}

function suffixOf(reference: Reference): string {
  return (reference.tag ? `:${reference.tag}` : '') + (reference.digest ? `@${reference.digest}` : '')
}

/** Formats the full name: `docker.io/library/nginx:latest`. */
export function formatReference(reference: Reference): string {
  return `${reference.registry}/${reference.repository}${suffixOf(reference)}`
}

/** Formats the name as Docker shows it: without `docker.io/` and `library/`, and with its tag. */
export function familiarName(reference: Reference): string {
  if (reference.registry !== DOCKER_HUB) return formatReference(reference)
  return reference.repository.replace(/^library\//, '') + suffixOf(reference)
}

/** Formats registry and repository as go-containerregistry does, without tag or digest: `index.docker.io/library/nginx`. */
export function contextName(reference: Reference): string {
  return `${reference.registry === DOCKER_HUB ? 'index.docker.io' : reference.registry}/${reference.repository}`
}
