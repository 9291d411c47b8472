import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished, expect, test } from 'vitest'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { openDownloadSession } from '../../../src/operations/downloads.ts'
import { listen } from '../../support/registry/listen.ts'

async function hostIn(): Promise<{ env: Record<string, string>; cwd: string; home: string }> {
  const home = await makeTemporaryDirectory()
  onTestFinished(() => home[Symbol.asyncDispose]())
  return { env: { XDG_CACHE_HOME: join(home.path, 'xdg') }, cwd: home.path, home: home.path }
}

test('creates nothing before the first use', async () => {
  const host = await hostIn()
  await openDownloadSession(host, {}, { ca: [] }, {})[Symbol.asyncDispose]()
  expect(await readdir(host.home)).toEqual([])
})

test("keeps downloads in the user's cache for the next session", async () => {
  const host = await hostIn()
  const server = await listen((_request, response) => void response.end('content'))
  {
    await using session = openDownloadSession(host, {}, { ca: [] }, {})
    expect((await session.download(server.origin, 'always')).digest).toBe(digestOf('content'))
  }
  await server[Symbol.asyncDispose]()
  await using session = openDownloadSession(host, {}, { ca: [] }, {})
  const { path } = await session.download(server.origin, 'never')
  expect(path.startsWith(join(host.home, 'xdg/cnb/'))).toBe(true)
})

