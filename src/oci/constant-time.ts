/**
 * The time of everything that must not depend on when it is made: 1980-01-01T00:00:01Z, as the lifecycle and pack use it for
 * files in layers (archive.NormalizedDateTime) and for images (imgutil's NormalizedDateTime).
 */

/** In seconds since 1970, as tar headers have it. */
export const CONSTANT_MTIME = 315_532_801

/** In ISO 8601, as image configurations have it. */
export const CONSTANT_TIME = '1980-01-01T00:00:01Z'
