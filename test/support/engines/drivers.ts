/** The lifecycle drivers, for tests of what both must do alike. */

export type Driver = 'native' | 'stock'
/** In this order: native is what users get. */
export const BOTH: readonly Driver[] = ['native', 'stock']

/** Those that this run tests: bin/test has the stock one on one engine only, but where the two are compared. */
export const DRIVERS = BOTH.filter((driver) => (process.env['CNB_TEST_DRIVERS'] ?? driver).split(',').includes(driver))

/** Options of `cnb build` that choose a driver; stock's five phases, in which no buildpack is near the engine. */
export const SEPARATE: Readonly<Record<Driver, readonly string[]>> = { native: ['--lifecycle', 'native'], stock: ['--lifecycle', 'stock'] }

/** The same with stock's phases all in one container, which is quicker and gives the same image. */
export const QUICK: Readonly<Record<Driver, readonly string[]>> = { native: SEPARATE.native, stock: [...SEPARATE.stock, '--trust-builder'] }

/** Every way in which phases run that this run tests. */
export const FLOWS = (
  [
    ['native', SEPARATE.native],
    ['stock in one container', QUICK.stock],
    ['stock in one for each', SEPARATE.stock],
  ] as const
).filter(([name]) => DRIVERS.some((driver) => name.startsWith(driver)))
