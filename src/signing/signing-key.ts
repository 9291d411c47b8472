/** Keys that sign. */

import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { decryptCosignKey } from './cosign-key.ts'

/** A private key; nothing but its signatures can be read from it. */
export class SigningKey {
  readonly #private: KeyObject
  readonly #public: KeyObject
  readonly #hash: 'sha256' | null

  /** @param key RSA (PKCS #1 v1.5), ECDSA (both with SHA-256) or Ed25519 @throws Error for another type */
  constructor(key: KeyObject) {
    if (!['rsa', 'ec', 'ed25519'].includes(key.asymmetricKeyType ?? '')) throw new Error(`its type is ${key.asymmetricKeyType}, not RSA, ECDSA or Ed25519`)
    this.#private = key
    this.#public = createPublicKey(key)
    this.#hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  }

  sign(content: Buffer): Buffer {
    return sign(this.#hash, content, this.#private)
  }

  verify(content: Buffer, signature: Buffer): boolean {
    return verify(this.#hash, content, this.#public, signature)
  }
}

/**
 * Reads the key of a Secret with `cosign.key`.
 * @throws Error with the cause as a clause, also for types that versions of cosign sign with in different ways
 */
export async function readCosignKey(pem: string, password: Buffer): Promise<SigningKey> {
  const key = await decryptCosignKey(pem, password)
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (key.asymmetricKeyType === 'ed25519' || (curve !== undefined && curve !== 'prime256v1')) {
    throw new Error(`its type is ${curve ?? key.asymmetricKeyType}, not ECDSA with P-256 or RSA`)
  }
  return new SigningKey(key)
}

/** Reads a private key in PEM (PKCS #8) without password. @throws Error with the cause as a clause */
export function readPkcs8Key(pem: string): SigningKey {
  // Others have a key too, which kpack does not read.
  if (!pem.includes('-----BEGIN PRIVATE KEY-----')) throw new Error('it is not a private key in PKCS #8 without password')
  try {
    return new SigningKey(createPrivateKey(pem))
  } catch (error) {
    throw error instanceof Error && error.message.startsWith('its type') ? error : new Error('it is not a private key in PKCS #8 without password')
  }
}
