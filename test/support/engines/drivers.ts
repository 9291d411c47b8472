/** The lifecycle drivers, for tests of behaviour that both must have. */

export type Driver = 'native' | 'stock'
/** The default driver first. */
export const DRIVERS: readonly Driver[] = ['native', 'stock']

/** Options of `cnb build` that select a driver; stock with five phases, in which buildpacks cannot access the engine. */
export const SEPARATE: Readonly<Record<Driver, readonly string[]>> = { native: ['--lifecycle', 'native'], stock: ['--lifecycle', 'stock'] }

/** The same with all of stock's phases in one container, which is faster and makes the same image. */
export const QUICK: Readonly<Record<Driver, readonly string[]>> = { native: SEPARATE.native, stock: [...SEPARATE.stock, '--trust-builder'] }

/** All ways to run the phases. */
export const FLOWS = [
  ['native', SEPARATE.native],
  ['stock in one container', QUICK.stock],
  ['stock in one for each', SEPARATE.stock],
] as const
