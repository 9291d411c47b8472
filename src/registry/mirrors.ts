/** Mirrors: registries with copies, which are tried first for reads. */

import type { Readable } from 'node:stream'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { parseReference } from '../oci/reference.ts'
import type { WantedBlob } from './transfer/blob-download.ts'
import type { BlobIdentity, KnownBlob, Manifest, NewManifest, Repository, UnknownBlob } from './registry.ts'

const FIRST = 'it is the first mirror of the registry that has the content'
const NOT_THERE = 'it does not have the content'

/** The key for all other registries. */
const ALL = '*'

export interface Mirror {
  readonly host: string
  /** Prefix of the repository's name on the mirror; empty, or with a trailing slash. */
  readonly path: string
}

/**
 * Returns the mirrors of a registry, in order: its own entry, otherwise the entry for all registries.
 * @throws CnbError CNB_USAGE for an invalid mirror
 */
export function mirrorsOf(registry: string, mirrors: Readonly<Record<string, readonly string[]>>): Mirror[] {
  const named = Object.entries(mirrors).find(([key]) => key !== ALL && parseMirror(key).host === registry)?.[1]
  return (named ?? mirrors[ALL] ?? []).map(parseMirror).filter(({ host, path }) => host !== registry || path !== '')
}

/** Parses a registry's host with an optional path. @throws CnbError CNB_USAGE for other text */
export function parseMirror(text: string): Mirror {
  const [host = '', ...rest] = text.replace(/^https?:\/\//, '').replace(/\/+$/, '').split('/')
  const path = rest.map((part) => `${part}/`).join('')
  try {
    const { registry, repository } = parseReference(`${host}/${path}x`)
    // A name alone would be a path on Docker Hub, which has two names itself.
    if (registry === host || host.includes('.')) return { host: registry, path: repository.slice(0, -1).replace(/^library\/$/, '') }
  } catch {
    // Reported below, for a mirror instead of an image.
  }
  // A URL may contain a password.
  const shown = text.replace(/\/\/[^/]*@/, '//…@')
  throw new CnbError('CNB_USAGE', `'${shown}' is not a registry`, {
    hint: "Use a host with or without a path, such as 'mirror.example' or 'mirror.example/hub'.",
  })
}

/** Adds the errors of the mirrors to the error of an image's registry. */
export function withMirrorErrors(error: unknown, failures: readonly CnbError[]): unknown {
  if (failures.length === 0 || !(error instanceof CnbError) || error.code === 'CNB_INTERRUPTED') return error
  return error.withMessage([error, ...failures].map(({ message }) => message).join('; before that, from a mirror: '))
}

/** Receives the outcome for a mirror, `used` or `passed over`, and the reason. */
export type MirrorListener = (mirror: string, outcome: 'used' | 'passed over', reason: string) => void

/** The receivers of warnings about mirrors that fail, and of the outcome for each mirror. */
interface MirrorListeners {
  readonly warn: (message: string) => void
  readonly onMirror?: MirrorListener
}

/** A repository that reads from the first copy with the content, and from the original last. */
export class MirroredRepository implements Repository {
  readonly #own: Repository
  readonly #copies: readonly Repository[]
  readonly #listeners: MirrorListeners

  constructor(own: Repository, copies: readonly Repository[], listeners: MirrorListeners) {
    this.#own = own
    this.#copies = copies
    this.#listeners = listeners
  }

  get name(): string {
    return this.#own.name
  }

  resolve(reference: string, context?: Context): Promise<Descriptor | undefined> {
    return this.#read((from) => from.resolve(reference, context), context)
  }

  manifest(reference: string, context?: Context): Promise<Manifest | undefined> {
    return this.#read((from) => from.manifest(reference, context), context)
  }

  async hasBlob(digest: Digest, context?: Context): Promise<boolean> {
    return (await this.#read(async (from) => (await from.hasBlob(digest, context)) || undefined, context)) ?? false
  }

  async blob(descriptor: WantedBlob, context?: Context): Promise<Readable> {
    const stream = await this.#read((from) => from.blob(descriptor, context), context)
    return stream ?? this.#own.blob(descriptor, context)
  }

  /** Copies may lag behind: lists come from the original. */
  tags(context?: Context): AsyncIterable<string> {
    return this.#own.tags(context)
  }

  referrers(digest: Digest, context?: Context): Promise<Descriptor[]> {
    return this.#own.referrers(digest, context)
  }

  listsReferrers(digest: Digest, context?: Context): Promise<boolean> {
    return this.#own.listsReferrers(digest, context)
  }

  putManifest(reference: string, manifest: NewManifest, context?: Context): Promise<Descriptor> {
    return this.#own.putManifest(reference, manifest, context)
  }

  deleteManifest(digest: Digest, context?: Context): Promise<void> {
    return this.#own.deleteManifest(digest, context)
  }

  mountBlob(digest: Digest, from: string, context?: Context): Promise<boolean> {
    return this.#own.mountBlob(digest, from, context)
  }

  uploadBlob(blob: KnownBlob, context?: Context): Promise<void> {
    return this.#own.uploadBlob(blob, context)
  }

  uploadStream(blob: UnknownBlob, context?: Context): Promise<BlobIdentity> {
    return this.#own.uploadStream(blob, context)
  }

  checkPush(context?: Context): Promise<void> {
    return this.#own.checkPush(context)
  }

  /** A failing mirror counts as one without the content. */
  async #read<T>(ask: (from: Repository) => Promise<T | undefined>, context: Context = {}): Promise<T | undefined> {
    const failures: CnbError[] = []
    const { warn, onMirror } = this.#listeners
    for (const copy of this.#copies) {
      try {
        const found = await ask(copy)
        onMirror?.(copy.name, found === undefined ? 'passed over' : 'used', found === undefined ? NOT_THERE : FIRST)
        if (found !== undefined) return found
      } catch (error) {
        if (context.signal?.aborted || !(error instanceof CnbError)) throw error
        if (error.code !== 'CNB_REGISTRY_FAILED') warn(`skipping mirror ${copy.name}: ${error.message}`)
        onMirror?.(copy.name, 'passed over', error.message)
        failures.push(error)
      }
    }
    return ask(this.#own).catch((error: unknown) => {
      throw withMirrorErrors(error, failures)
    })
  }
}
