/**
 * Image references as go-containerregistry (`pkg/name`) reads them.
 *
 * They differ from Docker's: `localhost/app` is a name on Docker Hub.
 */

import { isDigest } from '../oci/digest.ts'

interface GoReference {
  readonly registry: string
  readonly repository: string
  /** The tag, or `latest` */
  readonly tag: string
}

/** Returns the parts of a name without digest; undefined if it is invalid. */
export function parseGoTag(name: string): GoReference | undefined {
  const [, base = name, tag] = /^(.*):([^/:]*)$/s.exec(name) ?? []
  if (tag !== undefined && !/^[\w.-]{1,128}$/.test(tag)) return undefined
  const slash = base.indexOf('/')
  const hasRegistry = slash >= 0 && /[.:]/.test(base.slice(0, slash))
  const registry = hasRegistry ? base.slice(0, slash) : 'index.docker.io'
  const repository = hasRegistry ? base.slice(slash + 1) : base
  if (!/^[a-z0-9_./-]{2,255}$/.test(repository) || !/^(?:[\w.~-]+|\[[0-9a-fA-F:]+\])(?::\d*)?$/.test(registry)) return undefined
  const isHub = registry === 'docker.io' || registry === 'index.docker.io'
  return { registry: isHub ? 'index.docker.io' : registry, repository: isHub && !repository.includes('/') ? `library/${repository}` : repository, tag: tag ?? 'latest' }
}

/** Returns the digest of a reference, or its tag; undefined if it is invalid. */
export function identifierOf(reference: string): string | undefined {
  const [base = '', digest, ...more] = reference.split('@')
  if (digest === undefined) return parseGoTag(reference)?.tag
  return more.length === 0 && isDigest(digest) && parseGoTag(base) ? digest : undefined
}
