/** The signing keys in the Secrets of a service account. */

import { CnbError } from '../../../base/errors.ts'
import { digestOf } from '../../../oci/digest.ts'
import type { Secret } from '../../../resources/kinds/core.ts'
import type { ServiceAccountReference } from '../../../resources/kinds/parts.ts'
import { readCosignKey, readPkcs8Key, type SigningKey } from '../../../signing/signing-key.ts'
import type { Resources } from '../resources.ts'

const COSIGN_KEY = 'cosign.key'
const COSIGN_PASSWORD = 'cosign.password'
const PKCS8_KEY = 'ssh-privatekey'
/** kpack's annotations of Secrets. */
const REPOSITORY = 'kpack.io/cosign.repository'
const DOCKER_MEDIA_TYPES = 'kpack.io/cosign.docker-media-types'
const PROVENANCE = 'kpack.io/slsa'

/** A key, and its use as its Secret states it. */
export interface AccountKey {
  /** The Secret's name. */
  readonly name: string
  readonly namespace: string
  readonly key: SigningKey
  /** The repository of its signatures, if it is not the image's. */
  readonly repository?: string
  readonly hasDockerMediaTypes: boolean
}

export interface AccountKeys {
  /** For images: each Secret with `cosign.key`. */
  readonly signing: readonly AccountKey[]
  /** For provenance: Secrets with the annotation `kpack.io/slsa`. */
  readonly provenance: readonly AccountKey[]
}

/** Reads keys. Each is decrypted once, which takes some tenths of a second. */
export class SigningKeys {
  readonly #resources: Resources
  readonly #read = new Map<string, Promise<SigningKey>>()

  constructor(resources: Resources) {
    this.#resources = resources
  }

  /** Returns the keys of a service account. @throws CnbError CNB_SIGNING_FAILED */
  async of(account: ServiceAccountReference): Promise<AccountKeys> {
    const { namespace } = account
    const names = new Set((this.#resources.find('ServiceAccount', account)?.secrets ?? []).map(({ name }) => name))
    const secrets = [...names].flatMap((name) => this.#resources.find('Secret', { name, namespace }) ?? [])
    const isProvenance = ({ metadata }: Secret): boolean => metadata.annotations?.[PROVENANCE] !== undefined
    const cosign = secrets.filter(({ data }) => data?.[COSIGN_KEY])
    const signing = await Promise.all(cosign.map((secret) => this.#keyOf(secret, COSIGN_KEY)))
    const plain = await Promise.all(secrets.filter((secret) => secret.data?.[PKCS8_KEY] && isProvenance(secret)).map((secret) => this.#keyOf(secret, PKCS8_KEY)))
    return { signing, provenance: [...signing.filter((_key, index) => isProvenance(cosign[index]!)), ...plain] }
  }

  async #keyOf(secret: Secret, field: string): Promise<AccountKey> {
    const { name, namespace = 'default', annotations = {} } = secret.metadata
    const pem = decoded(secret, field)
    const password = decoded(secret, COSIGN_PASSWORD)
    const id = digestOf(JSON.stringify([field, pem.toString('hex'), password.toString('hex')]))
    const reading = this.#read.get(id) ?? readKey(field, pem.toString(), password)
    this.#read.set(id, reading)
    const key = await reading.catch((error: Error) => {
      throw new CnbError('CNB_SIGNING_FAILED', `cannot read the key '${field}' of Secret ${namespace}/${name}: ${error.message}`, { hint: hintOf(field) })
    })
    const { [REPOSITORY]: repository, [DOCKER_MEDIA_TYPES]: docker } = annotations
    return { name, namespace, key, ...(repository ? { repository } : {}), hasDockerMediaTypes: docker === '1' }
  }
}

async function readKey(field: string, pem: string, password: Buffer): Promise<SigningKey> {
  return field === COSIGN_KEY ? readCosignKey(pem, password) : readPkcs8Key(pem)
}

function hintOf(field: string): string {
  if (field === COSIGN_KEY) return `Create the Secret with 'cosign generate-key-pair', and its password as ${COSIGN_PASSWORD}.`
  return "Create the key with 'openssl genpkey'."
}

function decoded({ data }: Secret, field: string): Buffer {
  return Buffer.from(data?.[field] ?? '', 'base64')
}
