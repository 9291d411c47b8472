/** `cnb builder suggest`: well-known public builders of 2026. */

export interface SuggestedBuilder {
  vendor: string
  image: string
  /** The distribution of its run image. */
  base: string
  /** The languages of its buildpacks. */
  purpose: string
}

/** All are indexes for amd64 and arm64. Sorted by vendor, the newest base first. */
const SUGGESTED: readonly SuggestedBuilder[] = [
  { vendor: 'Google', image: 'gcr.io/buildpacks/builder:google-24', base: 'Ubuntu 24.04', purpose: '.NET, Dart, Go, Java, Node.js, PHP, Python, Ruby; for Cloud Run' },
  { vendor: 'Google', image: 'gcr.io/buildpacks/builder:google-22', base: 'Ubuntu 22.04', purpose: '.NET, Dart, Go, Java, Node.js, PHP, Python, Ruby; for Cloud Run' },
  { vendor: 'Heroku', image: 'heroku/builder:26', base: 'Ubuntu 26.04', purpose: '.NET, Go, Java, Node.js, PHP, Python, Ruby, Scala' },
  { vendor: 'Heroku', image: 'heroku/builder:24', base: 'Ubuntu 24.04', purpose: '.NET, Go, Java, Node.js, PHP, Python, Ruby, Scala' },
  { vendor: 'Paketo Buildpacks', image: 'paketobuildpacks/ubuntu-resolute-builder', base: 'Ubuntu 26.04', purpose: '.NET, Java, Node.js, PHP, Ruby; small run images with --run-image' },
  { vendor: 'Paketo Buildpacks', image: 'paketobuildpacks/ubuntu-noble-builder', base: 'Ubuntu 24.04', purpose: '.NET, Java, Node.js, PHP, Ruby; small run images with --run-image' },
]

/** Returns well-known builders. The list is part of cnb and needs no network. */
export function suggestBuilders(): SuggestedBuilder[] {
  return SUGGESTED.map((builder) => ({ ...builder }))
}
