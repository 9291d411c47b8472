/** Options for access to registries. */

export const insecureRegistries = {
  kind: 'list',
  flags: '--insecure-registry <host>',
  description: 'registry over plain HTTP or with any certificate; repeatable',
} as const

export const registryMirrors = {
  kind: 'list',
  flags: '--registry-mirror <registry=host>',
  description: "mirror of a registry, '*' for all; repeatable",
} as const

/** For commands without a build; `build` has its own option for registries and build containers. */
export const registryCaCerts = {
  kind: 'list',
  flags: '--ca-cert <file>',
  description: 'PEM file of a CA to trust; repeatable',
} as const
