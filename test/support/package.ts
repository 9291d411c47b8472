/** The npm package as users install it: packed, and unpacked in another directory. */

import { execFile } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

export const execute = promisify(execFile)

/** This checkout. */
export const ROOT = join(import.meta.dirname, '../..')

/** Packs a built checkout into a directory. Returns the tarball's path. */
export async function packPackage(directory: string, checkout = ROOT): Promise<string> {
  await mkdir(directory, { recursive: true })
  await execute('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', directory], { cwd: checkout })
  const [tarball = ''] = (await readdir(directory)).filter((name) => name.endsWith('.tgz'))
  return join(directory, tarball)
}

/** Packs this checkout, and unpacks it as `node_modules/cnb` of an empty directory. Returns its path. */
export async function unpackPackage(directory: string): Promise<string> {
  const target = join(directory, 'node_modules/cnb')
  await mkdir(target, { recursive: true })
  const tarball = await packPackage(join(directory, 'tarball'))
  await execute('tar', ['--extract', '--file', tarball, '--directory', target, '--strip-components', '1'])
  return target
}
