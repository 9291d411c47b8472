/**
 * The constant time of files in layers and of images, which makes them reproducible: 1980-01-01T00:00:01Z.
 * The lifecycle and pack use the same (lifecycle archive.NormalizedDateTime, imgutil NormalizedDateTime).
 */

/** In seconds since 1970, for tar headers. */
export const CONSTANT_MTIME = 315_532_801

/** In ISO 8601, for image configurations. */
export const CONSTANT_TIME = '1980-01-01T00:00:01Z'
