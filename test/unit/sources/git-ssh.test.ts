/** git over ssh, with the private key of a Secret. */

import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../src/base/files.ts'
import type { SourceCredentials } from '../../../src/sources/credentials/credentials.ts'
import type { SourceServices } from '../../../src/sources/source.ts'
import { Sources } from '../../../src/sources/sources.ts'
import { containing } from '../../support/matching.ts'
import { GIT_ENV, makeIndex } from '../../support/registry/index-repository.ts'
import { credentialsWith, secretOf, sourceServices, withTemporary, type TestServices } from '../../support/sources/services.ts'
import { noSshd, startSshd, type SshServer } from '../../support/sources/sshd.ts'

const missing = noSshd()

describe.skipIf(missing !== undefined)(`git over ssh${missing === undefined ? '' : `, skipped: ${missing}`}`, () => {
  let directory: TemporaryDirectory
  let server: SshServer
  let running: TestServices
  let url: string
  beforeEach(async () => {
    directory = await makeTemporaryDirectory()
    makeIndex(join(directory.path, 'app')).commit('main.go', 'package main')
    server = await startSshd(directory.path)
    url = `${server.origin}${directory.path}/app`
    running = sourceServices(directory.path)
  })
  afterEach(async () => {
    await server[Symbol.asyncDispose]()
    await running[Symbol.asyncDispose]()
    await directory[Symbol.asyncDispose]()
  })

  const secret = (data: Record<string, string> = {}): SourceCredentials =>
    credentialsWith(secretOf('key', 'kubernetes.io/ssh-auth', { 'ssh-privatekey': server.privateKey, ...data }, { 'kpack.io/git': `git@${server.host}` }))
  const run = async (credentials: SourceCredentials, more: Partial<SourceServices> = {}): Promise<string[]> => {
    const sources = new Sources({ ...running.services, ...more })
    const resolved = await sources.resolve({ git: { url, revision: 'main' } }, credentials, {}, running.context)
    const target = join(directory.path, `target${Math.random()}`)
    await mkdir(target)
    return readdir((await sources.fetch(resolved, target, credentials, running.context)).path)
  }
  const warnings = (): string[] => running.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))

  test('checks the host with known_hosts of the Secret', async () => {
    expect(await run(secret({ known_hosts: server.knownHost }))).toEqual(['main.go'])
    expect(warnings()).toEqual([])
  })

  test('refuses a host with another key than in known_hosts', async () => {
    const other = server.knownHost.replace(/ssh-ed25519 .*/, execFileSync('ssh-keygen', ['-y', '-f', join(directory.path, 'user_key')], { encoding: 'utf8' }).trim())
    await expect(run(secret({ known_hosts: other }))).rejects.toMatchObject({ code: 'CNB_SOURCE_FAILED', hint: containing('known_hosts') })
  })

  test('accepts an unknown host with a warning, as kpack does, and refuses it by the option', async () => {
    expect(await run(secret())).toEqual(['main.go'])
    expect(warnings()[0]).toContain(`accepted the unknown key of the host ${server.host}`)
    await expect(run(secret(), { trustUnknownHosts: false })).rejects.toMatchObject({ code: 'CNB_SOURCE_FAILED', hint: containing('known_hosts') })
  })

  test('accepts a key without a line break at its end, and with those of Windows', async () => {
    expect(await run(secret({ 'ssh-privatekey': server.privateKey.trim() }))).toEqual(['main.go'])
    expect(await run(secret({ 'ssh-privatekey': server.privateKey.replaceAll('\n', '\r\n') }))).toEqual(['main.go'])
  })

  test('writes the key to no file, and passes it in no environment and no argument', async () => {
    const [bin, log, temporary] = ['bin', 'log', 'temporary'].map((name) => join(directory.path, name)) as [string, string, string]
    for (const folder of [bin, temporary]) await mkdir(folder)
    const line = server.privateKey.split('\n')[1] ?? ''
    // Other files than the key's own are searched while ssh runs.
    const script = `#!/bin/sh\n{ printf '%s\\n' "$@"; env; find '${temporary}' -type f; cat $(find '${temporary}' -type f); } >>${log}\nPATH='${GIT_ENV.PATH}' exec ssh "$@"\n`
    await writeFile(join(bin, 'ssh'), script, { mode: 0o755 })
    const env = { ...GIT_ENV, PATH: `${bin}:${GIT_ENV.PATH}`, TMPDIR: temporary }
    expect(await withTemporary(temporary, () => run(secret({ known_hosts: server.knownHost }), { env }))).toEqual(['main.go'])
    const found = await readFile(log, 'utf8')
    expect(found).toContain('SSH_AUTH_SOCK=')
    expect(found).toContain('IdentityFile none')
    expect(found).not.toContain(line)
    expect(await readdir(temporary)).toEqual([])
  })

  test('ends the agent with git', async () => {
    const before = agents()
    await run(secret())
    expect(agents()).toEqual(before)
  })

  test('ends the agent and ssh when it is aborted', async () => {
    const before = agents()
    const controller = new AbortController()
    const bin = join(directory.path, 'bin')
    await mkdir(bin)
    const started = join(directory.path, 'started')
    execFileSync('mkfifo', [started])
    await writeFile(join(bin, 'ssh'), `#!/bin/sh\necho x >${started}\nexec sleep 1000\n`, { mode: 0o755 })
    const sources = new Sources({ ...running.services, env: { ...GIT_ENV, PATH: `${bin}:${GIT_ENV.PATH}` } })
    const waiting = sources.resolve({ git: { url, revision: 'main' } }, secret(), {}, { signal: controller.signal })
    await readFile(started)
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
    expect(agents()).toEqual(before)
  })

  test.each([
    ['a damaged key', 'x\n'],
    ['a key with a passphrase', undefined],
  ])('reports %s', async (_title, key) => {
    if (key === undefined) execFileSync('ssh-keygen', ['-q', '-p', '-N', 'secret', '-f', join(directory.path, 'user_key')])
    const given = key ?? (await readFile(join(directory.path, 'user_key'), 'utf8'))
    await expect(run(secret({ 'ssh-privatekey': given }))).rejects.toMatchObject({ message: containing('ssh-agent rejects the private key'), hint: containing('without a passphrase') })
  })

  test('needs a Secret', async () => {
    await expect(run(credentialsWith())).rejects.toMatchObject({ code: 'CNB_SOURCE_FAILED', message: containing(`no Secret of the service account has a key for ${server.host}`) })
  })
})

/** The agents and sleeping programs of this user. */
function agents(): string[] {
  return execFileSync('ps', ['-eo', 'comm,args'], { encoding: 'utf8' }).split('\n').filter((line) => /^(?:ssh-agent|sleep +sleep 1000)/.test(line) && !line.includes('<defunct>')).sort()
}
