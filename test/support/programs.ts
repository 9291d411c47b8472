/**
 * Vitest's global set-up: programs that tests run beside cnb. What a Linux machine lacks is unpacked from its package archive for the
 * time of the tests: so nothing is installed, no service starts, and nobody need be root.
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

/** What cannot be had is told of, and left to the tests that need it to fail for. */
export async function setup(): Promise<void> {
  // As programs see it: on macOS the temporary directory is below a symbolic link.
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

/** Puts the programs, with those of their libraries that this machine lacks, on the PATH of all that starts from here on. */
async function unpackPrograms(names: readonly string[]): Promise<void> {
  const directory = await makeTemporaryDirectory('cnb-programs-')
  unpacked.push(directory)
  const [archives, root, bin] = ['archives', 'root', 'bin'].map((name) => join(directory.path, name)) as [string, string, string]
  for (const each of [join(archives, 'partial'), root, bin]) await mkdir(each, { recursive: true })
  const settings = ['Debug::NoLocking=1', `Dir::Cache::archives=${archives}`].flatMap((setting) => ['-o', setting])
  const options = ['--download-only', '--yes', '--quiet', '--no-install-recommends', ...settings]
  const download = (): Promise<unknown> => execute('apt-get', ['install', ...options, ...names])
  await download().catch(async () => {
    // One at a time, as several engines are tested side by side. The directory is locked by nobody else, and is there already.
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
