/** A real registry on a free port of this machine: Debian's docker-registry, over plain HTTP, which engines allow on 127.0.0.0/8. */

import { execFile, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { makeTemporaryDirectory } from '../../src/base/files.ts'

const execute = promisify(execFile)
const PACKAGE = 'docker-registry'

/** Leaving the scope of `await using` stops it and removes all that it holds. */
export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:<port>`, what names of its images start with. */
  readonly address: string
  /** Puts an index in the place of a tag's manifest, which stays below it: as base images for several platforms have one. */
  index(repository: string, tag: string): Promise<void>
}

/** @throws Error when this machine neither has docker-registry nor can get it from its package archive */
export async function startRegistry(): Promise<Registry> {
  const directory = await makeTemporaryDirectory('cnb-registry-')
  try {
    const config = join(directory.path, 'config.json')
    await writeFile(config, JSON.stringify({ version: '0.1', storage: { filesystem: { rootdirectory: join(directory.path, 'data') } }, http: { addr: '127.0.0.1:0' } }))
    const process = spawn(await findBinary(directory.path), ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] })
    const ended = new Promise<void>((resolve) => process.once('close', () => resolve()))
    const log = createInterface(process.stderr)
    const address = await listeningOn(log, ended)
    return {
      address,
      index: (repository, tag) => putIndex(`http://${address}/v2/${repository}/manifests/${tag}`),
      async [Symbol.asyncDispose]() {
        process.kill()
        await ended
        await directory[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await directory[Symbol.asyncDispose]()
    throw error
  }
}

/** The machine's own, or one from its package archive, unpacked into `directory`: so nothing is installed, and no service starts. */
async function findBinary(directory: string): Promise<string> {
  const own = await execute('sh', ['-c', `command -v ${PACKAGE}`]).catch(() => undefined)
  if (own) return own.stdout.trim()
  const download = (): Promise<unknown> => execute('apt-get', ['download', '--quiet', PACKAGE], { cwd: directory })
  try {
    await download().catch(async () => {
      await execute('apt-get', ['update', '--quiet'])
      await download()
    })
    await execute('sh', ['-c', 'dpkg-deb --extract docker-registry_*.deb .'], { cwd: directory })
  } catch (cause) {
    throw new Error(`these tests need a registry: install Debian's package ${PACKAGE} (apt-get could not get it: ${String(cause)})`, { cause })
  }
  return join(directory, 'usr/bin', PACKAGE)
}

/** The address that the registry says it listens on: it takes a free port itself. */
async function listeningOn(log: AsyncIterable<string> & NodeJS.EventEmitter, ended: Promise<void>): Promise<string> {
  const said: string[] = []
  return new Promise((resolve, reject) => {
    log.on('line', (line: string) => {
      said.push(line)
      const address = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1]
      if (address !== undefined) resolve(address)
    })
    void ended.then(() => reject(new Error(`${PACKAGE} ended:\n${said.join('\n')}`)))
  })
}

async function putIndex(url: string): Promise<void> {
  const accept = ['application/vnd.docker.distribution.manifest.v2+json', 'application/vnd.oci.image.manifest.v1+json'].join(', ')
  const found = await fetch(url, { headers: { accept } })
  const manifest = {
    mediaType: found.headers.get('content-type'),
    digest: found.headers.get('docker-content-digest'),
    size: (await found.arrayBuffer()).byteLength,
    platform: { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' },
  }
  const mediaType = 'application/vnd.oci.image.index.v1+json'
  const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [manifest] })
  const reply = await fetch(url, { method: 'PUT', headers: { 'content-type': mediaType }, body })
  if (!found.ok || !reply.ok) throw new Error(`the registry gave ${found.status} for ${url} and ${reply.status} for an index: ${await reply.text()}`)
}
