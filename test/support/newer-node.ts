/** A Node.js that runs TypeScript sources: this one, or else an npm package with one. */

import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const VERSION = '22.23.5'

/** Returns the directory of the program; installs it below `directory` if this Node.js is older than 22.18. */
export async function newerNode(directory: string): Promise<string> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 18)) return dirname(process.execPath)
  const name = `node-linux-${process.arch}`
  await promisify(execFile)('npm', ['install', '--no-save', '--no-fund', '--no-audit', '--prefix', directory, `${name}@${VERSION}`])
  return join(directory, 'node_modules', name, 'bin')
}
