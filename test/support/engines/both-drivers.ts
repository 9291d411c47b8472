/** Building with both drivers, and wanting the same image from them, byte for byte. */

import { expect } from 'vitest'
import { succeed } from '../cnb.ts'
import { inspectImage } from './docker.ts'
import { DRIVERS, QUICK, type Driver } from './drivers.ts'
import { configDigest } from '../images/image-contents.ts'
import type { Workbench } from '../workbench.ts'

/**
 * Two names, one for each driver, so that neither sees the other's cache; and a build that does it with both, expects one image
 * of them, and gives native's name.
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

/** All that two images that are the same have alike. On a containerd store the ID is the manifest's digest, in which compression shows. */
async function looks(image: string): Promise<unknown> {
  const { Id, Config, RootFS, Created } = await inspectImage(image)
  const config = await configDigest(image)
  return { Config, RootFS, Created, config, ...(Id === config ? { Id } : {}) }
}
