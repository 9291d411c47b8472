/** The message of the error without a builder, the only error for which pack has an exit code. */

export const NO_BUILDER = 'no builder specified'
