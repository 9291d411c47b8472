import { generateKeyPairSync, verify, type KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { readCosignKey, readPkcs8Key } from '../../../src/signing/signing-key.ts'
import { cosignAnswers } from '../../support/cosign-answers.ts'

const { ecdsa } = cosignAnswers().keys
const BODY = /-----BEGIN [A-Z ]+-----\n([^-]*)-----/.exec(ecdsa.private)![1]!
const sealed = (text: string): string => `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n${Buffer.from(text).toString('base64')}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n`
interface Box { kdf: { name: string; params: Record<string, number> }; cipher: { name: string; nonce: string }; ciphertext: string }
const changed = (change: (box: Box) => void): string => {
  const box = JSON.parse(Buffer.from(BODY, 'base64').toString()) as Box
  change(box)
  return sealed(JSON.stringify(box))
}

describe('readCosignKey', () => {
  it.each([
    ['another password', ecdsa.private, 'guess', 'the password does not fit'],
    ['a damaged key', changed((box) => void (box.ciphertext = box.ciphertext.replace(/^./, (char) => (char === 'A' ? 'B' : 'A')))), ecdsa.password, 'the password does not fit'],
    ['something else', 'hunter2', '', "it is not a key of 'cosign generate-key-pair'"],
    ['content that is not JSON', sealed('hunter2'), '', 'its content is not JSON'],
    ['another cipher', changed((box) => void (box.cipher.name = 'aes')), '', 'its encryption is not scrypt with nacl/secretbox'],
    ['another derivation', changed((box) => void (box.kdf.name = 'pbkdf2')), '', 'its encryption is not scrypt with nacl/secretbox'],
    ['too high a cost', changed((box) => void (box.kdf.params.N = 2 ** 24)), '', 'cosign does not use its parameters of scrypt'],
    ['too high a parallelism', changed((box) => void (box.kdf.params.p = 1000)), '', 'cosign does not use its parameters of scrypt'],
    ['too large a block', changed((box) => void (box.kdf.params.r = 1000)), '', 'cosign does not use its parameters of scrypt'],
    ['a short nonce', changed((box) => void (box.cipher.nonce = 'AAAA')), '', 'its nonce does not have 24 bytes'],
  ])('refuses %s without quoting it', async (_title, pem, password, message) => {
    const error = await readCosignKey(pem, Buffer.from(password)).catch((thrown: Error) => thrown)
    expect(error).toEqual(new Error(message))
  })

  it('does not show the key', async () => {
    const key = await readCosignKey(ecdsa.private, Buffer.from(ecdsa.password))
    expect([inspect(key, { depth: 9, showHidden: true }), JSON.stringify(key)].join()).not.toMatch(/PRIVATE|PrivateKey|[A-Za-z0-9+/]{40}/)
  })
})

describe('readPkcs8Key', () => {
  const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

  it.each([
    ['RSA', 'sha256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ECDSA', 'sha256', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['Ed25519', null, generateKeyPairSync('ed25519')],
  ] as const)('reads %s', (_title, hash, { privateKey, publicKey }) => {
    const content = Buffer.from('content')
    expect(verify(hash, content, publicKey, readPkcs8Key(pemOf(privateKey)).sign(content))).toBe(true)
  })

  it('refuses other types', () => {
    expect(() => readPkcs8Key(pemOf(generateKeyPairSync('x25519').privateKey))).toThrow('its type is x25519, not RSA, ECDSA or Ed25519')
  })

  it.each([
    ['keys with a password', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()],
    ['keys of ssh', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n'],
    ['damaged keys', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'],
  ])('refuses %s', (_title, pem) => {
    expect(() => readPkcs8Key(pem)).toThrow(new Error('it is not a private key in PKCS #8 without password'))
  })
})
