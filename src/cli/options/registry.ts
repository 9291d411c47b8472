/** Options on the registries that a command talks with itself. */

export const insecureRegistries = {
  kind: 'list',
  flags: '--insecure-registry <host>',
  description: 'registry that may speak plain HTTP, or have a certificate that nobody knows; repeatable',
} as const

export const registryMirrors = {
  kind: 'list',
  flags: '--registry-mirror <registry=host>',
  description: "host to read and pull images of a registry from, '*' for all registries; repeatable",
} as const

/** For commands that run no build, in which the same certificates are trusted too. */
export const registryCaCerts = {
  kind: 'list',
  flags: '--ca-cert <file>',
  description: 'PEM file of a private CA to trust; repeatable',
} as const
