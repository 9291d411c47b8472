/** A real registry on a free port of this machine: Debian's docker-registry (distribution). */

import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import type { Certificate } from './certificate.ts'
import { sendRequest, type Reply, type RequestOptions } from './send-request.ts'
import type { TokenServer } from '../fakes/token-server.ts'

const PROGRAM = 'docker-registry'

export interface RegistryOptions {
  /** The certificate for TLS; default: plain HTTP, which engines allow on 127.0.0.0/8. */
  readonly certificate?: Certificate
  /** `basic` allows only BASIC_USER; a token server allows the actions of its tokens. Default: everything is allowed. */
  readonly auth?: 'basic' | TokenServer
  /** Rejects all writes. */
  readonly readOnly?: boolean
}

/** A running registry, which allows deletion. Disposal stops it and removes its data. */
export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:<port>`, the registry in the names of its images. */
  readonly address: string
  readonly certificate?: Certificate
  /** Sends a request with all permissions, to fill and inspect the registry; `path` begins with `/v2/`. */
  readonly request: (method: string, path: string, options?: RequestOptions) => Promise<Reply>
  /** Moves a tag to a new index that contains the tag's manifest, as base images for several platforms have. */
  index(repository: string, tag: string): Promise<void>
}

/** The hash is bcrypt, which distribution requires, with the lowest cost, because it is computed for each request. */
export const BASIC_USER = { username: 'tester', password: 'registry-secret' } as const
const HTPASSWD = `${BASIC_USER.username}:$2y$04$abcdefghijklmnopqrstuu2fZl/x3nh66sAonKfBpDesaK60ZV4zW\n`

/** @throws Error if this machine has no docker-registry (see programs.ts) */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const { certificate } = options
  const directory = await makeTemporaryDirectory('cnb-registry-')
  try {
    const config = join(directory.path, 'config.json')
    await writeFile(join(directory.path, 'htpasswd'), HTPASSWD)
    await writeFile(config, JSON.stringify(configure(options, directory.path)))
    const registry = spawn(PROGRAM, ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] })
    const ended = new Promise<string>((resolve) => {
      registry.once('error', (error) => resolve(`${error.message}: install Debian's package ${PROGRAM}`))
      registry.once('close', (code) => resolve(`it ended with ${code}`))
    })
    const log = createInterface(registry.stderr)
    const address = await listeningOn(log, ended)
    // The registry logs each request; reading these lines would distort measurements (test/bench/fleet.ts).
    log.close()
    registry.stderr.resume()
    const request: Registry['request'] = (method, path, { headers, ...more } = {}) =>
      sendRequest(method, `${certificate ? 'https' : 'http'}://${address}${path}`, {
        ...more,
        headers: { ...authorize(options.auth, path), ...headers },
        ...(certificate ? { ca: certificate.ca } : {}),
      })
    return {
      address,
      ...(certificate ? { certificate } : {}),
      request,
      index: (repository, tag) => putIndex(request, `/v2/${repository}/manifests/${tag}`),
      async [Symbol.asyncDispose]() {
        registry.kill()
        await ended
        await directory[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await directory[Symbol.asyncDispose]()
    throw error
  }
}

function configure({ certificate, auth, readOnly = false }: RegistryOptions, directory: string): object {
  const tls = certificate ? { tls: { certificate: certificate.certPath, key: certificate.keyPath } } : {}
  return {
    version: '0.1',
    storage: {
      filesystem: { rootdirectory: join(directory, 'data') },
      delete: { enabled: true },
      maintenance: { readonly: { enabled: readOnly } },
    },
    http: { addr: '127.0.0.1:0', ...tls },
    ...(auth ? { auth: configureAuth(auth, directory) } : {}),
  }
}

function configureAuth(auth: 'basic' | TokenServer, directory: string): object {
  if (auth === 'basic') return { htpasswd: { realm: 'cnb tests', path: join(directory, 'htpasswd') } }
  const { realm, service, issuer, certificate } = auth
  return { token: { realm, service, issuer, rootcertbundle: certificate.certPath } }
}

/** Returns the header that allows a request to `path` all actions. */
function authorize(auth: RegistryOptions['auth'], path: string): Record<string, string> {
  if (auth === undefined) return {}
  if (auth === 'basic') {
    return { authorization: `Basic ${Buffer.from(`${BASIC_USER.username}:${BASIC_USER.password}`).toString('base64')}` }
  }
  const name = /^\/v2\/(.+)\/(?:manifests|blobs|tags)\//.exec(path)?.[1]
  const access = name === undefined ? [] : [{ type: 'repository', name, actions: ['pull', 'push', 'delete'] }]
  return { authorization: `Bearer ${auth.issue([...access, { type: 'registry', name: 'catalog', actions: ['*'] }])}` }
}

/** Returns the address from the registry's log: the registry chooses a free port. */
async function listeningOn(log: NodeJS.EventEmitter, ended: Promise<string>): Promise<string> {
  const said: string[] = []
  return new Promise((resolve, reject) => {
    log.on('line', (line: string) => {
      said.push(line)
      const address = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1]
      if (address !== undefined) resolve(address)
    })
    void ended.then((how) => reject(new Error(`${PROGRAM} does not run: ${how}\n${said.join('\n')}`)))
  })
}

async function putIndex(request: Registry['request'], path: string): Promise<void> {
  const accept = ['application/vnd.docker.distribution.manifest.v2+json', 'application/vnd.oci.image.manifest.v1+json'].join(', ')
  const found = await request('GET', path, { headers: { accept } })
  const manifest = {
    mediaType: found.headers['content-type'],
    digest: found.headers['docker-content-digest'],
    size: found.body.length,
    platform: { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' },
  }
  const mediaType = 'application/vnd.oci.image.index.v1+json'
  const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [manifest] })
  const reply = await request('PUT', path, { headers: { 'content-type': mediaType }, body })
  if (found.status !== 200 || reply.status !== 201) {
    throw new Error(`the registry gave ${found.status} for ${path} and ${reply.status} for an index: ${reply.body.toString()}`)
  }
}
