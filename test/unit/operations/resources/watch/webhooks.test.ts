import { createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseListenAddress, isLoopback } from '../../../../../src/operations/resources/watch/webhooks/listen-address.ts'
import { serveWebhooks, type WebhookServer } from '../../../../../src/operations/resources/watch/webhooks/serve-webhooks.ts'
import type { Notice } from '../../../../../src/reconcile/watch/notice.ts'

const SECRET = 'correct horse'
const PUSH = JSON.stringify({ ref: 'refs/heads/main', repository: { clone_url: 'https://git.example/app.git', ssh_url: 'git@git.example:app.git' } })
const NOTICE: Notice = { kind: 'git', urls: ['https://git.example/app.git', 'git@git.example:app.git'], ref: 'refs/heads/main' }
const MIB = 1024 * 1024

let server: WebhookServer
let notices: Notice[]
const start = async (secret: string | undefined): Promise<void> => {
  notices = []
  server = await serveWebhooks({ address: { host: '127.0.0.1', port: 0 }, secret: secret === undefined ? undefined : Buffer.from(secret), onNotices: (found) => void notices.push(...found) })
}
beforeEach(() => start(SECRET))
afterEach(() => server[Symbol.asyncDispose]())

const signature = (body: string, secret = SECRET): string => createHmac('sha256', secret).update(body).digest('hex')
const send = async (body: string, headers: Record<string, string> = {}, path = '/', method = 'POST'): Promise<number> => {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method, headers: { 'content-type': 'application/json', ...headers }, ...(method === 'POST' ? { body } : {}) })
  expect(await response.text()).not.toContain('example')
  return response.status
}

describe('the secret', () => {
  it.each([
    ['GitHub', { 'x-github-event': 'push', 'x-hub-signature-256': `sha256=${signature(PUSH)}` }],
    ['Gitea', { 'x-gitea-event': 'push', 'x-gitea-signature': signature(PUSH) }],
    ['GitLab', { 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': SECRET }],
  ])('admits %s', async (_sender, headers) => {
    expect(await send(PUSH, headers)).toBe(202)
    expect(notices).toEqual([NOTICE])
  })

  it.each([
    ['no secret', {}],
    ['the signature of another secret', { 'x-hub-signature-256': `sha256=${signature(PUSH, 'guess')}` }],
    ['the signature of another body', { 'x-hub-signature-256': `sha256=${signature('{}')}` }],
    ['a signature without its algorithm', { 'x-hub-signature-256': signature(PUSH) }],
    ['a short signature', { 'x-gitea-signature': signature(PUSH).slice(2) }],
    ['an empty signature', { 'x-gitea-signature': '' }],
    ['a wrong token', { 'x-gitlab-token': 'correct horsf' }],
    ['an empty token', { 'x-gitlab-token': '' }],
    ['a wrong header', { authorization: 'Bearer guess' }],
    ['a wrong signature with a right token', { 'x-hub-signature-256': 'sha256=00', 'x-gitlab-token': SECRET }],
  ])('refuses %s', async (_what, headers) => {
    expect(await send(PUSH, { 'x-github-event': 'push', ...headers })).toBe(401)
    expect(notices).toEqual([])
  })

  it('may be in Authorization, or in the address for Docker Hub', async () => {
    const body = JSON.stringify({ push_data: { tag: 'latest' }, repository: { repo_name: 'team/run' } })
    expect(await send(body, { authorization: `Bearer ${SECRET}` })).toBe(202)
    expect(await send(body, { authorization: SECRET })).toBe(202)
    expect(await send(body, {}, `/webhook?token=${encodeURIComponent(SECRET)}`)).toBe(202)
    expect(await send(body, {}, '/webhook?token=guess')).toBe(401)
    expect(notices).toHaveLength(3)
  })
})

describe('events', () => {
  beforeEach(async () => {
    await server[Symbol.asyncDispose]()
    await start(undefined)
  })

  it('reads the pushes of registries', async () => {
    await send(JSON.stringify({ events: [
      { action: 'push', target: { repository: 'base/run', tag: 'jammy' } }, { action: 'pull', target: { repository: 'base/run', tag: 'jammy' } }, { action: 'push', target: { repository: 'base/run' } },
    ] }), { 'content-type': 'application/vnd.docker.distribution.events.v1+json' })
    await send(JSON.stringify({ type: 'PUSH_ARTIFACT', event_data: { resources: [{ tag: 'v1' }], repository: { repo_full_name: 'lib/app' } } }))
    await send(JSON.stringify({ push_data: { tag: 'latest' }, repository: { repo_name: 'team/run' } }))
    expect(notices).toEqual([{ kind: 'image', repository: 'base/run', tag: 'jammy' }, { kind: 'image', repository: 'lib/app', tag: 'v1' }, { kind: 'image', repository: 'team/run', tag: 'latest' }])
  })

  it('reads a form, which is the default of GitHub', async () => {
    expect(await send(new URLSearchParams({ payload: PUSH }).toString(), { 'content-type': 'application/x-www-form-urlencoded', 'x-github-event': 'push' })).toBe(202)
    expect(notices).toEqual([NOTICE])
  })

  it.each([
    ['another event', PUSH, { 'x-github-event': 'star' }], ['no JSON', '<example>', { 'x-github-event': 'push' }], ['another value', '[1]', {}], ['other fields', '{"events":1,"push_data":[],"type":"PUSH_ARTIFACT"}', {}],
    ['a push of nothing', '{"ref":1}', { 'x-gitlab-event': 'Push Hook' }],
  ])('accepts and ignores %s', async (_what, body, headers) => {
    expect(await send(body, headers as Record<string, string>)).toBe(202)
    expect(notices).toEqual([])
  })

  it('is healthy, and refuses other addresses and methods', async () => {
    expect(await send('', {}, '/healthz', 'GET')).toBe(200)
    expect(await send('', {}, '/', 'GET')).toBe(405)
    expect(await send('', {}, '/other')).toBe(404)
  })

  it('refuses a body above 1 MB, announced or not', async () => {
    expect(await send('x'.repeat(MIB))).toBe(202)
    expect(await send('x'.repeat(MIB + 1))).toBe(413)
    const chunked = new ReadableStream({ start: (controller) => { controller.enqueue(Buffer.alloc(MIB + 1)); controller.close() } })
    const response = await fetch(`http://127.0.0.1:${server.port}/`, { method: 'POST', body: chunked, duplex: 'half' })
    expect(response.status).toBe(413)
  })

  it('refuses headers above 16 KB', async () => {
    const socket = connect(server.port, '127.0.0.1')
    socket.write(`GET /healthz HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(20_000)}\r\n\r\n`)
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).toMatch(/^HTTP\/1.1 431 /)
  })

  it('closes open connections when it stops', async () => {
    const socket = connect(server.port, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await server[Symbol.asyncDispose]()
    await closed
    await start(undefined)
  })
})

describe('parseListenAddress', () => {
  it('reads ports, names and addresses', () => {
    expect(['8080', 'localhost:0', '0.0.0.0:80', '[::1]:80'].map(parseListenAddress)).toEqual([
      { host: '127.0.0.1', port: 8080 }, { host: 'localhost', port: 0 }, { host: '0.0.0.0', port: 80 }, { host: '::1', port: 80 },
    ])
  })

  it.each(['', 'x', '65536', 'host:', ':80', '[host]:80', '::1:80', '-1'])('refuses %j', (text) => {
    expect(() => parseListenAddress(text)).toThrow(expect.objectContaining({ code: 'CNB_USAGE' }) as Error)
  })

  it('distinguishes addresses of this machine from others', () => {
    expect(['127.0.0.1', '127.1.2.3', 'localhost', '::1'].map((host) => isLoopback({ host, port: 1 }))).toEqual([true, true, true, true])
    expect(['0.0.0.0', '::', '127.evil.example', '10.0.0.1'].map((host) => isLoopback({ host, port: 1 }))).toEqual([false, false, false, false])
  })
})
