/** Which builders are trusted without being asked for it. */

import { contextName, parseReference } from '../oci/reference.ts'

/** Builders whose makers are known (pack's list); one without a tag stands for all its tags. */
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

/**
 * Whether a builder's name is a trusted one. A digest does not take trust away: it only says which of the repository's images.
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
