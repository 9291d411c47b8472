/** Mirrors: other registries that have copies, asked first when something is read. */

import type { Readable } from 'node:stream'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { parseReference } from '../oci/reference.ts'
import type { WantedBlob } from './transfer/blob-download.ts'
import type { BlobSource, KnownBlob, Manifest, NewManifest, Repository } from './registry.ts'

const FIRST = 'it is the first mirror of the registry that has what is read'
const NOT_THERE = 'it does not have what is read'

/** For registries that are not named. */
const ALL = '*'

export interface Mirror {
  readonly host: string
  /** Before the repository's own name there; empty or with a slash at its end. */
  readonly path: string
}

/**
 * The mirrors of a registry, in their order: those under its name, or else those for all.
 * @throws CnbError CNB_USAGE for one that is no host with or without a path
 */
export function mirrorsOf(registry: string, mirrors: Readonly<Record<string, readonly string[]>>): Mirror[] {
  const named = Object.entries(mirrors).find(([key]) => key !== ALL && parseMirror(key).host === registry)?.[1]
  return (named ?? mirrors[ALL] ?? []).map(parseMirror).filter(({ host, path }) => host !== registry || path !== '')
}

/** A registry's host, with a path if any. @throws CnbError CNB_USAGE for what is neither */
export function parseMirror(text: string): Mirror {
  const [host = '', ...rest] = text.replace(/^https?:\/\//, '').replace(/\/+$/, '').split('/')
  const path = rest.map((part) => `${part}/`).join('')
  try {
    const { registry, repository } = parseReference(`${host}/${path}x`)
    // A name alone would be a path at Docker Hub, which itself has two names.
    if (registry === host || host.includes('.')) return { host: registry, path: repository.slice(0, -1).replace(/^library\/$/, '') }
  } catch {
    // Said below, of the mirror and not of an image.
  }
  throw new CnbError('CNB_USAGE', `'${text}' is not a registry`, {
    hint: "A mirror is a host with or without a path, such as 'mirror.example' or 'mirror.example/hub'.",
  })
}

/** The error of an image's own registry, with what its mirrors answered before. */
export function afterMirrors(error: unknown, failures: readonly CnbError[]): unknown {
  if (failures.length === 0 || !(error instanceof CnbError) || error.code === 'CNB_INTERRUPTED') return error
  return error.withMessage([error, ...failures].map(({ message }) => message).join('; before that, from a mirror: '))
}

/** Hears what came of asking a mirror: `used` or `passed over`, and why. */
export type MirrorListener = (mirror: string, outcome: 'used' | 'passed over', reason: string) => void

/** Who hears of mirrors that fail, and of each that is asked. */
interface MirrorListeners {
  readonly warn: (message: string) => void
  readonly onMirror?: MirrorListener
}

/** A repository that is read from the first of its copies which has what is asked for, and last from where it belongs. */
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

  /** Copies may lag behind; a list is the registry's own. */
  tags(context?: Context): AsyncIterable<string> {
    return this.#own.tags(context)
  }

  referrers(digest: Digest, context?: Context): Promise<Descriptor[]> {
    return this.#own.referrers(digest, context)
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

  uploadStream(blob: BlobSource, context?: Context): Promise<{ digest: Digest; size: number }> {
    return this.#own.uploadStream(blob, context)
  }

  checkPush(context?: Context): Promise<void> {
    return this.#own.checkPush(context)
  }

  /** A mirror that fails is as good as one that has nothing. */
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
        if (error.code !== 'CNB_REGISTRY_FAILED') warn(`the mirror ${copy.name} is passed over: ${error.message}`)
        onMirror?.(copy.name, 'passed over', error.message)
        failures.push(error)
      }
    }
    return ask(this.#own).catch((error: unknown) => {
      throw afterMirrors(error, failures)
    })
  }
}
