import { expect, test } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import { engineError, engineRefusal } from '../../../src/docker/engine-errors.ts'
import { SshError } from '../../../src/docker/connection/ssh-error.ts'

const endpoint = { address: 'tcp://h:2375', origin: 'DOCKER_HOST', transport: { kind: 'tcp', host: 'h', port: 2375 } } as const

function coded(code: string, message = 'words of the system'): Error {
  return Object.assign(new Error(message), { code })
}

test.each([
  [coded('ENOENT'), 'CNB_ENGINE_UNREACHABLE'],
  [coded('ECONNREFUSED'), 'CNB_ENGINE_UNREACHABLE'],
  [coded('ENOTFOUND'), 'CNB_ENGINE_UNREACHABLE'],
  [coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'CNB_ENGINE_UNREACHABLE'],
  [coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'CNB_ENGINE_UNREACHABLE'],
  [new SshError('Host key verification failed.', false), 'CNB_ENGINE_UNREACHABLE'],
  [new SshError('client_loop: send disconnect', true), 'CNB_ENGINE_LOST'],
  [coded('EACCES'), 'CNB_ENGINE_DENIED'],
  [coded('ECONNRESET', 'socket hang up'), 'CNB_ENGINE_LOST'],
  [coded('EPIPE'), 'CNB_ENGINE_LOST'],
  [new Error('anything else'), 'CNB_ENGINE_FAILED'],
])('converts %s to %s with its message', (error, code) => {
  const translated = engineError(error, 'cannot do it', endpoint)
  expect(translated.code).toBe(code)
  expect(translated.message).toContain(error.message)
  expect(translated.cause).toBe(error)
  if (code !== 'CNB_ENGINE_FAILED') {
    expect(translated.message).toContain('tcp://h:2375 (from DOCKER_HOST)')
    expect(translated.hint).toBeTruthy()
  }
})

test("returns the signal's reason after an abort", () => {
  const reason = new CnbError('CNB_INTERRUPTED', 'terminated', { exit: 143 })
  expect(engineError(coded('ECONNRESET'), 'cannot do it', endpoint, AbortSignal.abort(reason))).toBe(reason)
})

test('truncates long messages, and replaces empty ones', () => {
  expect(engineRefusal('cannot do it', 500, 'x'.repeat(10_000)).message.length).toBeLessThan(2100)
  expect(engineRefusal('cannot do it', 500, ' ').message).toContain('status 500')
})
