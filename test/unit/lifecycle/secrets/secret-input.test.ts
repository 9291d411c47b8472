import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RECEIVE_SECRETS, receivingSecrets, secretLines, secretMounts, SECRETS_DIR } from '../../../../src/lifecycle/secrets/secret-input.ts'
import type { Secret } from '../../../../src/project/secret.ts'
import { aPlan } from '../../../support/plans.ts'

/** Runs the shell function as a container would, in another directory; its PATH has no program. */
function receive(secrets: readonly Secret[], after = 'cat'): { directory: string; rest: string } {
  const directory = mkdtempSync(join(tmpdir(), 'cnb-secret-'))
  const script = `${RECEIVE_SECRETS.replaceAll(SECRETS_DIR, directory)}\nPATH=/nowhere receive_secrets || exit\n${after}`
  const rest = execFileSync('/bin/sh', ['-c', script], { input: `${secretLines(secrets)}the rest` }).toString()
  return { directory, rest }
}

test('writes exactly the bytes of each secret with built-in commands of a shell, and leaves the rest of the input', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 9000 }), fc.string(), (bytes, text) => {
    const secrets = [{ name: 'any', content: Buffer.from(bytes) }, { name: 'text', content: Buffer.from(text) }, { name: 'empty', content: Buffer.alloc(0) }]
    const { directory, rest } = receive(secrets)
    try {
      expect(rest).toBe('the rest')
      for (const { name, content } of secrets) expect(readFileSync(join(directory, name)).equals(content)).toBe(true)
      expect(readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o777)).toEqual([0o400, 0o400, 0o400])
    } finally {
      rmSync(directory, { recursive: true })
    }
  }), { numRuns: 15 })
})

test('fails if a file cannot be written', async () => {
  const script = `${RECEIVE_SECRETS.replaceAll(SECRETS_DIR, '/nonexistent')}\nreceive_secrets`
  const code = await new Promise((resolve) => {
    const child = execFile('/bin/sh', ['-c', script], (error) => resolve(error?.code))
    child.stdin?.on('error', () => {}).end(secretLines([{ name: 'a', content: Buffer.from('b') }]))
  })
  expect(code).toBe(1)
})

test('changes a container only if there are secrets, and has none of their values', () => {
  const spec = { image: 'builder', command: ['/cnb/lifecycle/detector'], user: '0:0' }
  const plan = aPlan()
  expect([receivingSecrets(spec, plan), secretMounts(plan)]).toEqual([spec, {}])
  const secrets = [{ name: 'token', content: Buffer.from('a value') }]
  const changed = { ...receivingSecrets(spec, { ...plan, secrets }), ...secretMounts({ secrets }) }
  expect(changed).toMatchObject({ stdin: true, user: '0:0', tmpfs: [{ target: '/run/secrets' }] })
  expect(changed.command.slice(-2)).toEqual([`${plan.builder.uid}:${plan.builder.gid}`, '/cnb/lifecycle/detector'])
  expect(JSON.stringify(changed)).not.toContain('a value')
})
