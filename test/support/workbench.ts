/** App directories and unique image names of a test file, which are removed at its end. */

import { randomBytes } from 'node:crypto'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { makeTemporaryDirectory } from '../../src/base/files.ts'
import { docker } from './engines/docker.ts'

/** A label of every app image of the script builder. */
export const APP_LABEL = 'dev.cnb.e2e'

export interface Workbench {
  /** A directory that is removed at the end. */
  readonly path: string
  /** Returns a new image name. */
  image(): string
  /** Creates a directory with the files; files that start with `#!` are executable. Returns its path. */
  directory(files: Readonly<Record<string, string>>): Promise<string>
  /** Removes the directories, and the images and cache volumes with names from here. */
  clear(): Promise<void>
}

export async function makeWorkbench(): Promise<Workbench> {
  const run = randomBytes(4).toString('hex')
  const temporary = await makeTemporaryDirectory('cnb-e2e-')
  await chmod(temporary.path, 0o755)
  let count = 0
  return {
    path: temporary.path,
    image: () => `cnb-e2e/${run}-${++count}`,
    async directory(files) {
      const path = join(temporary.path, `${++count}`)
      await mkdir(path)
      await writeFiles(path, files)
      return path
    },
    async clear() {
      const format = '{{.Repository}}{{if eq .Tag "<none>"}}@{{.Digest}}{{else}}:{{.Tag}}{{end}}'
      // Names of Docker Hub or of a test's registry.
      for (const host of ['', '*/']) {
        const names = await docker('image', 'ls', '--digests', '--format', format, '--filter', `reference=${host}cnb-e2e/${run}-*`)
        await removeAll(['image', 'rm', '--force'], names)
      }
      // Images that lost their name to a rebuild.
      await removeAll(['image', 'rm', '--force'], await docker('image', 'ls', '--quiet', '--filter', 'dangling=true', '--filter', `label=${APP_LABEL}`))
      const volumes = await docker('volume', 'ls', '--quiet', '--filter', `name=cnb-e2e_${run}-`)
      await removeVolumes(volumes)
      await rm(temporary.path, { recursive: true, force: true })
    },
  }
}

/** Writes files below `path`; files that start with `#!` are executable. */
export async function writeFiles(path: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = join(path, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content, { mode: content.startsWith('#!') ? 0o755 : 0o644 })
  }
}

/** Removes the images with names that match the pattern. */
export async function removeImages(pattern: string): Promise<void> {
  await removeAll(['image', 'rm', '--force'], await docker('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', '--filter', `reference=${pattern}`))
}

/** Removes volumes, of names one a line. The engine may still be removing the container of the last build, which has them (Container.leave). */
export async function removeVolumes(names: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await removeAll(['volume', 'rm', '--force'], names)
    } catch (error) {
      if (tries === 50 || !String(error).includes('in use')) throw error
      await setTimeout(100)
    }
  }
}

/** Runs `docker <command>` on the names in `names`, one a line, if there are any. */
export async function removeAll(command: string[], names: string): Promise<void> {
  const unique = [...new Set(names.split('\n').filter(Boolean))]
  if (unique.length > 0) await docker(...command, ...unique)
}
