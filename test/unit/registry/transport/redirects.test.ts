import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import type { HttpRequest } from '../../../../src/registry/transport/http.ts'
import { followingRedirects } from '../../../../src/registry/transport/redirects.ts'

interface Seen {
  requests: string[]
  result: string
}

/** Sends a request to `url`, with redirects along `redirects`. */
async function send(url: string, redirects: Record<string, string>, method: HttpRequest['method'] = 'GET', status = 307): Promise<Seen> {
  const requests: string[] = []
  const exchange = followingRedirects(async (request) => {
    requests.push(`${request.url.href} ${request.headers.authorization ?? '-'}`)
    const location = redirects[request.url.href]
    return { status: location === undefined ? 200 : status, headers: { location }, body: Readable.from([]), url: request.url }
  })
  const headers = { authorization: 'secret', accept: 'x' }
  const sent = exchange({ method, url: new URL(url), headers, signal: new AbortController().signal })
  return { requests, result: await sent.then((reply) => `${reply.status} ${reply.url.href}`, (error: Error) => `${error.name}: ${error.message}`) }
}

test.each([301, 302, 303, 307, 308])('follows %i, and sends no credentials after leaving the origin', async (status) => {
  const { requests, result } = await send('https://r.example/1', {
    'https://r.example/1': '/2',
    'https://r.example/2': 'https://s3.example/3?signature=x',
    'https://s3.example/3?signature=x': 'https://r.example/4',
  }, 'GET', status)
  expect(requests).toEqual(['https://r.example/1 secret', 'https://r.example/2 secret', 'https://s3.example/3?signature=x -', 'https://r.example/4 -'])
  expect(result).toBe('200 https://r.example/4')
})

test.each(['https://r.example:444/', 'https://sub.r.example/', 'https://r.example.evil/'])('treats %s as another origin', async (target) => {
  expect((await send('https://r.example/', { 'https://r.example/': target })).requests[1]).toBe(`${target} -`)
})

test.each([
  ['http://r.example/', 'leads from https to http'],
  ['https://127.0.0.1/', 'private address'],
  ['https://10.1.2.3:5000/', 'private address'],
  ['https://0x7f.1/', 'private address'],
  ['https://[::1]/', 'private address'],
  ['https://[::ffff:192.168.0.1]/', 'private address'],
  ['https://169.254.169.254/latest/meta-data', 'private address'],
  ['https://a.localhost/', 'private address'],
  ['file:///etc/passwd', 'is not an HTTP address'],
  ['https://[', 'not a URL'],
])('does not follow a redirect to %s', async (target, why) => {
  const { requests, result } = await send('https://r.example/', { 'https://r.example/': target })
  expect(requests).toHaveLength(1)
  expect(result).toContain(why)
})

test('follows a redirect of a private registry to a private address', async () => {
  const target = 'http://192.168.0.2:9000/'
  expect((await send('http://10.0.0.1/', { 'http://10.0.0.1/': target })).result).toBe(`200 ${target}`)
})

test('stops at a redirect loop', async () => {
  const { requests, result } = await send('https://r.example/', { 'https://r.example/': '/' })
  expect(requests).toHaveLength(6)
  expect(result).toContain('redirects more than 5 times')
})

test('does not resend a body after a redirect', async () => {
  const { requests, result } = await send('https://r.example/', { 'https://r.example/': 'https://other.example/' }, 'PUT')
  expect(requests).toHaveLength(1)
  expect(result).toBe('307 https://r.example/')
})
