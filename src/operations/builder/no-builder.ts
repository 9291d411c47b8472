/** The message of the error without a builder, which pack reports with an exit code that no other error has. */

export const NO_BUILDER = 'no builder specified'
