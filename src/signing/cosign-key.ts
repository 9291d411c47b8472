/**
 * Private keys as `cosign generate-key-pair` writes them.
 *
 * They are PEM around JSON, encrypted by a password with scrypt and NaCl's secretbox.
 */

import { createPrivateKey, scrypt, type KeyObject, type ScryptOptions } from 'node:crypto'
import { promisify } from 'node:util'
import { secretbox } from '@noble/ciphers/salsa.js'
import { recordOf, stringOf } from '../formats/lenient-values.ts'

const PEM = /-----BEGIN ENCRYPTED (COSIGN|SIGSTORE) PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END ENCRYPTED \1 PRIVATE KEY-----/
const KEY_BYTES = 32
const NONCE_BYTES = 24
/** The parameters that cosign accepts (go-securesystemslib, encrypted.go). Others could take any amount of time and memory. */
const COSTS = new Set([2 ** 15, 2 ** 16, 2 ** 17])
const BLOCK_SIZE = 8
const PARALLELISM = 1
/** Node's default is less than cosign's parameters need: 128 bytes for each unit of cost and block size, here for the highest. */
const MAX_MEMORY = 256 * 1024 * 1024

const deriveKey = promisify<Buffer, Buffer, number, ScryptOptions, Buffer>(scrypt)

/** Decrypts a private key. @throws Error with the cause as a clause, which has no part of the key or the password */
export async function decryptCosignKey(pem: string, password: Buffer): Promise<KeyObject> {
  const body = PEM.exec(pem)?.[2]
  if (body === undefined) throw new Error("it is not a key of 'cosign generate-key-pair'")
  const { cost, salt, nonce, ciphertext } = readBox(Buffer.from(body, 'base64').toString())
  const key = await deriveKey(password, salt, KEY_BYTES, { cost, blockSize: BLOCK_SIZE, parallelization: PARALLELISM, maxmem: MAX_MEMORY })
  const der = opened(key, nonce, ciphertext)
  try {
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
  } catch {
    throw new Error('its content is not a private key in PKCS #8')
  } finally {
    key.fill(0)
    der.fill(0)
  }
}

function readBox(json: string): { cost: number; salt: Buffer; nonce: Buffer; ciphertext: Buffer } {
  const { kdf, cipher, ciphertext } = objectOf(json)
  const [derivation, box] = [recordOf(kdf), recordOf(cipher)]
  const { N, r, p } = recordOf(derivation.params)
  if (derivation.name !== 'scrypt' || box.name !== 'nacl/secretbox') throw new Error('its encryption is not scrypt with nacl/secretbox')
  if (typeof N !== 'number' || !COSTS.has(N) || r !== BLOCK_SIZE || p !== PARALLELISM) throw new Error('cosign does not use its parameters of scrypt')
  const nonce = bytesOf(box.nonce)
  if (nonce.length !== NONCE_BYTES) throw new Error(`its nonce does not have ${NONCE_BYTES} bytes`)
  return { cost: N, salt: bytesOf(derivation.salt), nonce, ciphertext: bytesOf(ciphertext) }
}

/** The parser's message would quote the key. */
function objectOf(json: string): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(json))
  } catch {
    throw new Error('its content is not JSON')
  }
}

function bytesOf(value: unknown): Buffer {
  return Buffer.from(stringOf(value) ?? '', 'base64')
}

function opened(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  try {
    return secretbox(key, nonce).open(ciphertext)
  } catch {
    throw new Error('the password does not fit')
  }
}
