/** git over http or https on this machine: git http-backend behind a small server. */

import { spawn } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { listen, type Listening } from '../registry/listen.ts'
import type { Certificate } from '../registry/certificate.ts'
import { GIT_ENV } from '../registry/index-repository.ts'

export interface GitHttpOptions {
  readonly certificate?: Certificate
  /** The user and password that all requests need. */
  readonly login?: { readonly username: string; readonly password: string }
  /** Whether to use only the first version of git's protocol. */
  readonly old?: boolean
  /** Replies in place of git and returns true, or returns false. */
  readonly intercept?: (request: IncomingMessage, response: ServerResponse) => boolean
}

export interface GitHttp extends Listening {
  /** The requests: path and `Authorization`. */
  readonly seen: { readonly path: string; readonly authorization: string | undefined }[]
}

/** Serves the repositories below a directory. */
export async function serveGit(root: string, { certificate, login, old = false, intercept }: GitHttpOptions = {}): Promise<GitHttp> {
  const seen: GitHttp['seen'] = []
  const wanted = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`
  const server = await listen((request, response) => {
    const { authorization } = request.headers
    seen.push({ path: request.url ?? '', authorization })
    if (intercept?.(request, response)) return
    if (wanted !== undefined && authorization !== wanted) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="tests"' }).end()
      return
    }
    runBackend(root, old, request, response)
  }, certificate)
  return { ...server, seen }
}

/** Runs git http-backend as CGI (RFC 3875). */
function runBackend(root: string, old: boolean, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const { 'content-type': type, 'content-encoding': encoding, 'git-protocol': protocol } = request.headers
  const backend = spawn('git', ['http-backend'], {
    env: {
      ...GIT_ENV,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: type ?? '',
      HTTP_CONTENT_ENCODING: encoding ?? '',
      ...(old || protocol === undefined ? {} : { GIT_PROTOCOL: String(protocol) }),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  backend.stdin.on('error', () => {})
  request.pipe(backend.stdin)
  let head = Buffer.alloc(0)
  backend.stdout.on('data', (chunk: Buffer) => {
    if (response.headersSent) return void response.write(chunk)
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    const headers = head.subarray(0, end).toString().split('\r\n').map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string])
    const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200'
    response.writeHead(Number.parseInt(status), headers.filter(([name]) => name !== 'Status').flat())
    response.write(head.subarray(end + 4))
  })
  backend.stdout.on('end', () => response.end())
}
