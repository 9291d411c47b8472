/** The builders that are trusted by default. */

import { contextName, parseReference } from '../oci/reference.ts'

/** Builders of known publishers (pack's list); an entry without a tag covers all tags. */
const TRUSTED = [
  'gcr.io/buildpacks/builder:google-22',
  'heroku/builder:20',
  'heroku/builder:22',
  'heroku/builder:24',
  'heroku/builder:26',
  'paketobuildpacks/builder-jammy-base',
  'paketobuildpacks/builder-jammy-full',
  'paketobuildpacks/builder-jammy-tiny',
  'paketobuildpacks/builder-jammy-buildpackless-static',
  'paketobuildpacks/ubuntu-noble-builder',
  'paketobuildpacks/builder-ubi8-base',
  'paketobuildpacks/ubi-9-builder',
  'paketobuildpacks/ubi-10-builder',
]

/** Returns the names of the builders that are trusted by default. */
export function trustedBuilders(): readonly string[] {
  return TRUSTED
}

/**
 * Whether the builder is trusted by its name. A digest does not change that: it only selects an image of the repository.
 * @param more builders that the user trusts
 * @throws CnbError CNB_REFERENCE_INVALID
 */
export function isTrusted(builder: string, more: readonly string[] = []): boolean {
  const wanted = parseReference(builder)
  return [...TRUSTED, ...more].some((entry) => {
    const known = parseReference(entry)
    if (contextName(known) !== contextName(wanted)) return false
    return !/:[^/]*$/.test(entry) || known.tag === wanted.tag
  })
}
