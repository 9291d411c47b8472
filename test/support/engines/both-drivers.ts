/** Builds with both drivers and expects the same image, byte for byte. */

import { expect } from 'vitest'
import { succeed } from '../cnb.ts'
import { inspectImage } from './docker.ts'
import { DRIVERS, QUICK, type Driver } from './drivers.ts'
import { configDigest } from '../images/image-contents.ts'
import type { Workbench } from '../workbench.ts'

/**
 * Returns a name for each driver, because each name has a separate cache, and a function that builds with both drivers, expects
 * equal images and returns the native driver's name.
 */
export function bothDrivers(
  bench: Pick<Workbench, 'image'>,
  choose: Readonly<Record<Driver, readonly string[]>> = QUICK,
): (app: string, ...options: readonly string[]) => Promise<string> {
  const names: Readonly<Record<Driver, string>> = { native: bench.image(), stock: bench.image() }
  return async (app, ...options) => {
    for (const driver of DRIVERS) await succeed(['build', names[driver], '--path', app, ...choose[driver], ...options])
    expect(await looks(names.native)).toEqual(await looks(names.stock))
    return names.native
  }
}

/** The properties of equal images. In a containerd store that excludes the ID, a manifest digest that depends on compression. */
async function looks(image: string): Promise<unknown> {
  const { Id, Config, RootFS, Created } = await inspectImage(image)
  const config = await configDigest(image)
  return { Config, RootFS, Created, config, ...(Id === config ? { Id } : {}) }
}
