import { expect, test } from 'vitest'
import { makeTemporaryDirectory } from '../../../../../src/base/files.ts'
import { metadataOf, readGitMetadata } from '../../../../../src/operations/build/git/git-metadata.ts'

const commit = 'c'.repeat(40)
const labelsOf = (origin?: string) => Object.fromEntries(metadataOf({ commit, isDirty: false, ...(origin === undefined ? {} : { origin }) }).labels)

test("has kpack's form of the source, and labels of the commit and its tag", () => {
  const { labels, source } = metadataOf({ commit, isDirty: false, tag: 'v1.2', origin: 'https://git.example/team/app.git' })
  expect(source).toEqual({ type: 'git', version: { commit }, metadata: { repository: 'https://git.example/team/app', revision: commit } })
  expect(Object.fromEntries(labels)).toEqual({
    'org.opencontainers.image.revision': commit,
    'org.opencontainers.image.version': 'v1.2',
    'org.opencontainers.image.source': 'https://git.example/team/app',
    'org.opencontainers.image.url': 'https://git.example/team/app',
    'org.opencontainers.image.title': 'app',
  })
})

test('marks files that differ from the commit, which is then no version', () => {
  const { labels, source } = metadataOf({ commit, isDirty: true, tag: 'v1.2' })
  expect(Object.fromEntries(labels)).toEqual({ 'org.opencontainers.image.revision': `${commit}-dirty` })
  expect(source).toEqual({ type: 'git', version: { commit: `${commit}-dirty` }, metadata: { revision: `${commit}-dirty` } })
})

test.each([
  ['https://user:password@git.example/team/app.git?token=secret#part', 'https://git.example/team/app'],
  ['https://token@git.example:8443/team/app/', 'https://git.example:8443/team/app'],
  ['http://git.example/app', 'http://git.example/app'],
  ['git@git.example:team/app.git', 'https://git.example/team/app'],
  ['ssh://git:password@git.example:2222/team/app.git', 'https://git.example/team/app'],
  ['git://git.example/team/app', 'https://git.example/team/app'],
  ['/home/user/app', undefined],
  ['file:///home/user/app', undefined],
  ['ext::sh -c "exit"', undefined],
  ['https://git.example', undefined],
  ['', undefined],
])('turns the remote %s into %s', (remote, address) => {
  expect(labelsOf(remote)['org.opencontainers.image.source']).toBe(address)
})

test("is an error without a repository only for a user's option", async () => {
  await using app = await makeTemporaryDirectory('cnb-no-git-')
  expect(await readGitMetadata(app.path, false, { env: process.env }, {})).toBeUndefined()
  await expect(readGitMetadata(app.path, true, { env: process.env }, {})).rejects.toMatchObject({ code: 'CNB_USAGE', message: expect.stringContaining('not a git repository') as string })
})
