/** The choices for new buildpacks and extensions. */

/** The Buildpack APIs for which files are written, the default first: since 0.10, buildpacks have targets instead of stacks. */
export const NEW_APIS = ['0.10', '0.11', '0.12'] as const

/** The languages of buildpacks, the default first. */
export const LANGUAGES = ['bash', 'go', 'ts'] as const
export type Language = (typeof LANGUAGES)[number]
