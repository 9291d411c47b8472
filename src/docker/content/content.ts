/** Client of an engine's content store (containerd, api/services/content/v1). */

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { CnbError, throwIfAborted } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { isDigest, type Digest } from '../../oci/digest.ts'
import type { EngineClient } from '../connection/client.ts'
import type { BlobInfo, Content, EngineInfo } from '../engine.ts'
import { engineRefusal, engineStatus } from '../engine-errors.ts'
import { callGrpc } from './grpc.ts'
import type { GrpcSession } from './grpc-session.ts'
import { bytesField, readFields } from './protobuf.ts'

const SERVICE = '/containerd.services.content.v1.Content'
/** The statuses for a missing blob, a missing method, and an engine without gRPC. */
const ABSENT = new Set([404, 405, 501])

/** The connections to one engine's content store. */
export interface ContentSource {
  readonly client: EngineClient
  readonly session: GrpcSession
  readonly info: (context?: Context) => Promise<EngineInfo>
}

export function makeContent(source: ContentSource): Content {
  return {
    info: (digest, context) => info(source, digest, context),
    read: (digest, context) => read(source, digest, context),
  }
}

async function info(source: ContentSource, digest: Digest, context: Context = {}): Promise<BlobInfo | undefined> {
  const task = `cannot query the engine for the blob ${digest}`
  const first = await firstOf(source, context, () => call(source, 'Info', task, digest, context.signal))
  if (first === undefined) return undefined
  await first.rest.return()
  if (first.message === undefined) throw engineRefusal(task, 0, 'the engine sent no reply')
  return readInfo(first.message, digest, task)
}

async function read(source: ContentSource, digest: Digest, context: Context = {}): Promise<Readable | undefined> {
  const task = `cannot read the blob ${digest} from the engine`
  const leaving = new AbortController()
  const signal = AbortSignal.any([leaving.signal, ...(context.signal ? [context.signal] : [])])
  const first = await firstOf(source, context, () => call(source, 'Read', task, digest, signal))
  if (first === undefined) return undefined
  const blob = Readable.from(bytesOf(first, digest, task), { objectMode: false })
  // A reader that stops early must not wait for the rest.
  blob.once('close', () => leaving.abort())
  // The reader receives the error; without a listener, an earlier error would end the process.
  return blob.on('error', () => {})
}

function call({ session, client }: ContentSource, method: string, task: string, digest: Digest, signal?: AbortSignal): AsyncGenerator<Buffer, void> {
  return callGrpc(session, client, { task, path: `${SERVICE}/${method}`, message: bytesField(1, digest), signal })
}

interface Answer {
  /** The first message; undefined for an empty reply. */
  readonly message: Buffer | undefined
  readonly rest: AsyncGenerator<Buffer, void>
}

/** Returns undefined if the engine does not have the blob. */
async function firstOf(source: ContentSource, context: Context, ask: () => AsyncGenerator<Buffer, void>): Promise<Answer | undefined> {
  throwIfAborted(context.signal)
  const { imageStore } = await source.info(context)
  if (imageStore !== 'containerd') return undefined
  const rest = ask()
  try {
    const { value } = await rest.next()
    return { message: value ?? undefined, rest }
  } catch (error) {
    if (ABSENT.has(engineStatus(error) ?? 0)) return undefined
    throw error
  }
}

/** InfoResponse {Info info = 1}, Info {string digest = 1; int64 size = 2; map<string, string> labels = 5}. */
function readInfo(response: Buffer, digest: Digest, task: string): BlobInfo {
  const labels: [string, string][] = []
  let size = 0
  let named = ''
  for (const outer of readFields(response)) {
    if (outer.number !== 1 || !Buffer.isBuffer(outer.value)) continue
    for (const { number, value } of readFields(outer.value)) {
      if (number === 1) named = value.toString()
      if (number === 2 && typeof value === 'number') size = value
      if (number === 5 && Buffer.isBuffer(value)) labels.push(readEntry(value))
    }
  }
  if (!isDigest(named) || named !== digest) throw engineRefusal(task, 0, `the engine returned another blob, '${named.slice(0, 100)}'`)
  return { digest, size, labels: Object.fromEntries(labels) }
}

/** A map entry: key = 1, value = 2. */
function readEntry(entry: Buffer): [string, string] {
  const texts = new Map([...readFields(entry)].map(({ number, value }) => [number, value.toString()]))
  return [texts.get(1) ?? '', texts.get(2) ?? '']
}

/** ReadContentResponse {int64 offset = 1; bytes data = 2}. */
async function* bytesOf({ message, rest }: Answer, digest: Digest, task: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  for (let piece = message; piece !== undefined; piece = (await rest.next()).value ?? undefined) {
    for (const { number, value } of readFields(piece)) {
      if (number !== 2 || !Buffer.isBuffer(value) || value.length === 0) continue
      hash.update(value)
      yield value
    }
  }
  const found = `sha256:${hash.digest('hex')}`
  if (found !== digest) {
    throw new CnbError('CNB_IMAGE_INVALID', `${task}: its content has the digest ${found}`, {
      hint: "Remove the image and pull or build it again: the engine's image store is damaged.",
    })
  }
}
