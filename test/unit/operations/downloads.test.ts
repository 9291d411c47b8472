import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished, expect, test } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
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
    expect(await session.read(server.origin, 'always', {}, async ({ digest }) => digest)).toBe(digestOf('content'))
  }
  await server[Symbol.asyncDispose]()
  await using session = openDownloadSession(host, {}, { ca: [] }, {})
  const path = await session.read(server.origin, 'never', {}, async (file) => file.path)
  expect(path.startsWith(join(host.home, 'xdg/cnb/'))).toBe(true)
})

test.each([
  ['downloads a file again after it was invalid', 'CNB_BUILDPACK_INVALID', 2],
  ['keeps a file that could not be used for another reason', 'CNB_PLATFORM_MISMATCH', 1],
] as const)('%s', async (_, code, downloads) => {
  let count = 0
  await using server = await listen((_request, response) => void response.setHeader('etag', '"same"').end(`page ${++count}`))
  await using session = openDownloadSession(await hostIn(), {}, { ca: [] }, {})
  const address = `${server.origin.replace('//', '//user:secret@')}/package.cnb`
  await expect(session.read(address, 'if-not-present', {}, () => Promise.reject(new CnbError(code, 'cannot read it')))).rejects.toThrow('cannot read it')
  await session.read(address, 'if-not-present', {}, async () => {})
  expect(count).toBe(downloads)
})
