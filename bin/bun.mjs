// The pinned releases of Bun, each a program in an npm package. npm downloads them and keeps them in its cache.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export const BUN_VERSION = '1.4.5'

/** The platforms of cnb's binaries: Bun's name of the platform, and the SHA-512 of its npm package. An update of BUN_VERSION changes all. */
export const PLATFORMS = {
  'linux-x64': { bun: 'linux-x64', sha512: 'IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==' },
  'linux-arm64': { bun: 'linux-aarch64', sha512: '4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==' },
  'darwin-x64': { bun: 'darwin-x64', sha512: 'qkLPMGHZM9NI6CeHTWwVezzmlo6cC4Ta7yUAjYIWXS366qQcOlcp75t2uZyiuVRBMPS0h9qE0tCcvCHGaFqjJg==' },
  'darwin-arm64': { bun: 'darwin-aarch64', sha512: '4MIFXHmctH2EhAxLXm2/qxNtv17dFtLJylvaOCsrgq6KSqHTs6eW5YSrJjRbJxYUJaR901fsN8JfZOa+CsWpWQ==' },
  'windows-x64': { bun: 'windows-x64', sha512: 'FNvply651vcE/GHgNWz6mZvhmkwBuu8Hw54oNzA+CQog+HW+542rXQmZqNHRkFxazD9L3xi+iTtvO3engAgJfw==' },
}

/** Returns the npm package of a platform's Bun. */
export function bunPackage(platform) {
  return `@oven/bun-${PLATFORMS[platform].bun}`
}

/** Unpacks a platform's Bun below a directory. Returns the path of the program. @throws Error if the package is not the pinned one */
export async function fetchBun(platform, directory) {
  const name = `${bunPackage(platform)}@${BUN_VERSION}`
  const target = join(directory, platform)
  await mkdir(target, { recursive: true })
  // The shell starts npm, which is a script on Windows.
  const { stdout } = await run('npm', ['pack', name, '--silent', '--ignore-scripts', '--pack-destination', target], { shell: process.platform === 'win32' })
  const tarball = join(target, basename(stdout.trim()))
  const sha512 = createHash('sha512').update(await readFile(tarball)).digest('base64')
  if (sha512 !== PLATFORMS[platform].sha512) throw new Error(`cannot use ${name}: its SHA-512 is ${sha512}, and bin/bun.mjs has ${PLATFORMS[platform].sha512}`)
  await run('tar', ['-xzf', tarball, '-C', target])
  await rm(tarball)
  return join(target, 'package/bin', platform.startsWith('windows') ? 'bun.exe' : 'bun')
}
