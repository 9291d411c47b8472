/** The lifecycle drivers, for tests of what both must do alike. */

export type Driver = 'native' | 'stock'
/** In this order: native is what users get. */
export const DRIVERS: readonly Driver[] = ['native', 'stock']

/** Options of `cnb build` that choose a driver; stock's five phases, in which no buildpack is near the engine. */
export const SEPARATE: Readonly<Record<Driver, readonly string[]>> = { native: ['--lifecycle', 'native'], stock: ['--lifecycle', 'stock'] }

/** The same with stock's phases all in one container, which is quicker and gives the same image. */
export const QUICK: Readonly<Record<Driver, readonly string[]>> = { native: SEPARATE.native, stock: [...SEPARATE.stock, '--trust-builder'] }

/** Every way in which phases run. */
export const FLOWS = [
  ['native', SEPARATE.native],
  ['stock in one container', QUICK.stock],
  ['stock in one for each', SEPARATE.stock],
] as const
