/**
 * Vitest's global set-up: the programs that tests need.
 *
 * Programs that a Linux machine lacks are unpacked from its package archive for the
 * duration of the tests. Nothing is installed, no service starts, and root is not required.
 */

import { execFile } from 'node:child_process'
import { mkdir, readdir, realpath, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../src/base/files.ts'
import { leftOut, missingPrograms } from './left-out.ts'

const execute = promisify(execFile)

const unpacked: TemporaryDirectory[] = []

/** Reports programs that are not available; the tests that need them then fail. */
export async function setup(): Promise<void> {
  // The resolved path, because on macOS the temporary directory is below a symbolic link.
  process.env['TMPDIR'] = await realpath(tmpdir())
  if (leftOut().length > 0) process.stderr.write(`test files that this machine cannot run are left out:\n  ${leftOut().join('\n  ')}\n`)
  const missing = missingPrograms()
  if (missing.length === 0 || process.platform !== 'linux') return
  try {
    await unpackPrograms(missing)
  } catch (error) {
    process.stderr.write(`some tests need ${missing.join(', ')}, which apt-get could not get here: ${(error as Error).message}\n`)
  }
}

export async function teardown(): Promise<void> {
  for (const directory of unpacked.splice(0)) await directory[Symbol.asyncDispose]()
}

/** Adds the programs, with missing libraries, to the PATH of this process and its children. */
async function unpackPrograms(names: readonly string[]): Promise<void> {
  const directory = await makeTemporaryDirectory('cnb-programs-')
  unpacked.push(directory)
  const [archives, root, bin] = ['archives', 'root', 'bin'].map((name) => join(directory.path, name)) as [string, string, string]
  for (const each of [join(archives, 'partial'), root, bin]) await mkdir(each, { recursive: true })
  const settings = ['Debug::NoLocking=1', `Dir::Cache::archives=${archives}`].flatMap((setting) => ['-o', setting])
  const options = ['--download-only', '--yes', '--quiet', '--no-install-recommends', ...settings]
  const download = (): Promise<unknown> => execute('apt-get', ['install', ...options, ...names])
  await download().catch(async () => {
    // The lock is for concurrent test runs on several engines; no other program locks this directory, which always exists.
    await execute('flock', ['/var/lib/apt/lists', 'apt-get', 'update', '--quiet'])
    await download()
  })
  const debs = (await readdir(archives)).filter((name) => name.endsWith('.deb'))
  for (const deb of debs) await execute('dpkg-deb', ['--extract', join(archives, deb), root])
  const libraries = (await Promise.all(['lib', 'usr/lib'].map((each) => directoriesIn(join(root, each))))).flat().join(delimiter)
  for (const name of names) {
    const program = join(root, 'usr/bin', name)
    await writeFile(join(bin, name), `#!/bin/sh\nLD_LIBRARY_PATH='${libraries}' exec '${program}' "$@"\n`, { mode: 0o755 })
  }
  process.env['PATH'] = `${bin}${delimiter}${process.env['PATH']}`
}

async function directoriesIn(parent: string): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(parent, name))
}
