import { describe, expect, test } from 'vitest'
import { readRemote, shown, submoduleUrl } from '../../../src/sources/git/remote.ts'

describe('readRemote', () => {
  test.each([
    ['https://host.example/team/app', 'https', 'host.example'],
    ['https://host.example:8443/team/app', 'https', 'host.example:8443'],
    ['http://host/x', 'http', 'host'],
    ['ssh://git@host:2222/x', 'ssh', 'host:2222'],
    ['git@github.com:team/app', 'ssh', 'github.com'],
    ['git://host/x', 'git', 'host'],
    ['file:///srv/x', 'file', ''],
    ['/srv/x', 'file', ''],
  ])('reads the host of %s', (url, scheme, host) => {
    expect(readRemote(url)).toMatchObject({ scheme, host, address: { url }, login: undefined })
  })

  test('separates user and password from the address, also with @ and / in them', () => {
    expect(readRemote('https://me:p@ss%2Fword@host/x')).toMatchObject({ host: 'host', address: { url: 'https://host/x' }, login: { username: 'me', password: 'p@ss/word' } })
  })

  test.each(['ext::sh -c x', 'git://-x/y', 'git://host', '../x', 'ftp://host/x'])('refuses %s', (url) => {
    expect(() => readRemote(url)).toThrow(expect.objectContaining({ code: 'CNB_USAGE' }) as Error)
  })

  test.each([
    ['/srv/x', 'https://host/x'],
    ['file:///srv/x', 'ssh://git@host/x'],
    ['http://host/x', 'https://host/x'],
    ['http://host/x', '/srv/x'],
  ])('refuses the submodule %s of %s', (url, parent) => {
    expect(() => readRemote(url, readRemote(parent))).toThrow(expect.objectContaining({ code: 'CNB_SOURCE_FAILED' }) as Error)
  })

  test("uses the address's login for submodules on the same host only", () => {
    const parent = readRemote('https://me:p@host/x')
    expect(readRemote('https://host/y', parent).login).toEqual({ username: 'me', password: 'p' })
    expect(readRemote('https://other/y', parent).login).toBeUndefined()
    expect(readRemote('https://host:8443/y', parent).login).toBeUndefined()
  })

  test('is shown without login and query', () => {
    expect(shown(readRemote('https://me:p@host/x?token=secret'))).toBe('https://host/x')
  })
})

describe('submoduleUrl', () => {
  test.each([
    ['https://other/x', 'https://host/team/app', 'https://other/x'],
    ['../library', 'https://host/team/app', 'https://host/team/library'],
    ['../../else/library', 'https://host:8443/team/app/', 'https://host:8443/else/library'],
    ['./sub', 'https://host/team/app', 'https://host/team/app/sub'],
    ['../library', 'git@host:team/app', 'git@host:team/library'],
    ['../library', 'git@host:app', 'git@host:library'],
    ['../library', '/srv/git/app', '/srv/git/library'],
    ['../library', 'file:///srv/git/app', 'file:///srv/git/library'],
  ])('resolves %s of %s', (url, parent, expected) => {
    expect(submoduleUrl(url, readRemote(parent))).toBe(expected)
  })

  test.each(['https://host/app', 'git@host:app', '/app'])('does not leave the host of %s', (parent) => {
    expect(() => submoduleUrl('../../evil.example/x', readRemote(parent))).toThrow(expect.objectContaining({ code: 'CNB_SOURCE_FAILED' }) as Error)
  })
})
