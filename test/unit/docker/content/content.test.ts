import { once } from 'node:events'
import { constants, createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { buffer, text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { frameOf } from '../../../../src/docker/content/grpc-frames.ts'
import { bytesField, readFields } from '../../../../src/docker/content/protobuf.ts'
import { digestOf, type Digest } from '../../../../src/oci/digest.ts'
import { json, startEngineServer, type EngineServer } from '../engine-server.ts'

const BLOB = Buffer.from('what the blob holds')
const DIGEST = digestOf(BLOB)

/** Replies to a call: the first argument is the requested digest. */
type Method = (stream: ServerHttp2Stream, asked: string) => void

interface ContentServer extends EngineServer {
  /** The number of sessions so far. */
  readonly sessions: () => number
}

/** An engine on the containerd store with a content service. */
async function contentServer(
  methods: { Info?: Method; Read?: Method }, imageStore = 'io.containerd.snapshotter.v1', opened?: (session: ServerHttp2Session) => void,
): Promise<ContentServer> {
  const grpc: Http2Server = createServer()
  let sessions = 0
  grpc.on('session', (session) => {
    sessions++
    session.on('error', () => {})
    opened?.(session)
  })
  grpc.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {})
    const [, method] = /^\/containerd\.services\.content\.v1\.Content\/(Info|Read)$/.exec(headers[':path'] ?? '') ?? []
    const answer = methods[method as keyof typeof methods] ?? fails(12, 'unknown service')
    void buffer(stream).then((body) => {
      const [digest] = readFields(body.subarray(5))
      answer(stream, String(digest?.value))
    }, () => {})
  })
  const info = json({ DriverStatus: [['driver-type', imageStore]] })
  const server = await startEngineServer({ 'GET /info': info, 'GET /_ping': json('OK') }, undefined, grpc)
  onTestFinished(() => server[Symbol.asyncDispose]())
  return Object.assign(server, { sessions: () => sessions })
}

/** Fails a call with a reply of headers only. */
function fails(status: number, words = ''): Method {
  return (stream) => {
    const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status, 'grpc-message': encodeURIComponent(words) }
    stream.respond(headers, { endStream: true })
  }
}

/** Sends bytes, then a status in the trailers. */
function sends(body: Buffer, status = 0): Method {
  return (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status, 'grpc-message': 'as%20it%20says' }))
    stream.end(body)
  }
}

/** A field of wire type 2 of any bytes. */
function nested(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([bytesField(number, 'x'.repeat(bytes.length)).subarray(0, -bytes.length || undefined), bytes])
}

const piece = (bytes: Buffer): Buffer => frameOf(nested(2, bytes))

function blobInfo(digest: string): Buffer {
  const label = nested(5, Buffer.concat([bytesField(1, 'key'), bytesField(2, 'value')]))
  return frameOf(nested(1, Buffer.concat([bytesField(1, digest), Buffer.from([0x10, 0xac, 0x02]), label])))
}

async function readAll({ engine }: EngineServer, digest: Digest = DIGEST): Promise<string> {
  return text((await engine.content.read(digest))!)
}

test('describes and reads a blob, in many pieces, over one session', async () => {
  const body = Buffer.concat([piece(BLOB.subarray(0, 4)), piece(Buffer.alloc(0)), piece(BLOB.subarray(4))])
  const server = await contentServer({ Info: (stream, asked) => sends(blobInfo(asked))(stream, asked), Read: sends(body) })
  expect(await server.engine.content.info(DIGEST)).toEqual({ digest: DIGEST, size: 300, labels: { key: 'value' } })
  expect(await Promise.all([readAll(server), readAll(server)])).toEqual([BLOB.toString(), BLOB.toString()])
  expect(server.sessions()).toBe(1)
})

test('reads an empty blob without any piece', async () => {
  const server = await contentServer({ Read: sends(Buffer.alloc(0)) })
  expect(await readAll(server, digestOf(''))).toBe('')
})

test("reads a large blob at the consumer's pace", async () => {
  const part = Buffer.alloc(1 << 20, 'z')
  const parts = 64
  let sent = 0
  const server = await contentServer({
    Read: (stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true })
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      const send = (): void => {
        while (sent < parts) if ((sent++, !stream.write(piece(part)))) return void stream.once('drain', send)
        stream.end()
      }
      send()
    },
  })
  const digest = digestOf(Buffer.alloc(parts << 20, 'z'))
  const blob = (await server.engine.content.read(digest))!
  let size = 0
  for await (const chunk of blob) {
    // The flow-control windows bound the bytes in flight.
    if (size === 0) expect(sent).toBeLessThan(parts / 2)
    size += (chunk as Buffer).length
  }
  expect(size).toBe(parts << 20)
})

test('returns undefined for a missing blob, service or gRPC, and a graph-driver store', async () => {
  const nothing = await contentServer({ Info: fails(5), Read: fails(5) })
  const noService = await contentServer({})
  const graphDriver = await contentServer({ Info: sends(blobInfo(DIGEST)), Read: sends(piece(BLOB)) }, 'overlay2')
  for (const server of [nothing, noService, graphDriver]) {
    expect(await server.engine.content.info(DIGEST)).toBeUndefined()
    expect(await server.engine.content.read(DIGEST)).toBeUndefined()
  }
  expect(graphDriver.sessions()).toBe(0)
  const info = json({ DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] })
  for (const status of [404, 405, 501]) {
    await using server = await startEngineServer({ 'GET /info': info, 'GET /_ping': json('OK') }, undefined, status)
    expect(await server.engine.content.info(DIGEST)).toBeUndefined()
    expect(await server.engine.content.read(DIGEST)).toBeUndefined()
  }
})

test('rejects content with another digest as an invalid image', async () => {
  const server = await contentServer({ Read: sends(piece(Buffer.from('something else'))) })
  const message: unknown = expect.stringContaining(digestOf('something else'))
  await expect(readAll(server)).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', message })
})

test("reports other failures with the service's message, before and after the first piece", async () => {
  const refused = await contentServer({ Info: fails(13, 'disk on fire: 100%'), Read: sends(piece(BLOB), 13) })
  await expect(refused.engine.content.info(DIGEST)).rejects.toMatchObject({
    code: 'CNB_ENGINE_FAILED', message: `cannot query the engine for the blob ${DIGEST}: disk on fire: 100%`,
  })
  const words: unknown = expect.stringContaining('as it says')
  await expect(readAll(refused)).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED', message: words })
  const vanished = await contentServer({ Read: sends(piece(BLOB), 5) })
  await expect(readAll(vanished)).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED' })
})

test('rejects invalid replies', async () => {
  const answers = [
    frameOf(Buffer.from([0x0a, 9])),
    frameOf(Buffer.from([0x0b])),
    Buffer.from([0, 0xff, 0xff, 0xff, 0xff]),
    blobInfo(digestOf('another')),
    frameOf(Buffer.alloc(0)),
    Buffer.alloc(0),
  ]
  for (const answer of answers) {
    const server = await contentServer({ Info: sends(answer) })
    await expect(server.engine.content.info(DIGEST)).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED' })
  }
})

test('reports a truncated reply as lost', async () => {
  const breaks: Method[] = [
    (stream) => stream.close(constants.NGHTTP2_CANCEL),
    (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    (stream) => stream.session?.destroy(),
    (stream) => {
      stream.respond({ ':status': 200 })
      stream.end(piece(BLOB))
    },
    (stream) => {
      stream.respond({ ':status': 200 })
      stream.write(piece(BLOB).subarray(0, 9), () => stream.session?.destroy())
    },
  ]
  for (const broken of breaks) {
    const server = await contentServer({ Read: broken })
    await expect(readAll(server)).rejects.toMatchObject({ code: 'CNB_ENGINE_LOST' })
  }
})

test('reports a session that the engine closes immediately as lost', async () => {
  const server = await contentServer({}, undefined, (session) => session.destroy())
  await expect(server.engine.content.info(DIGEST)).rejects.toMatchObject({ code: 'CNB_ENGINE_LOST' })
})

test('opens a new session after the previous one broke or received GOAWAY', async () => {
  const whole = sends(piece(BLOB))
  const first: Method[] = [
    (stream) => stream.session?.destroy(),
    (stream, asked) => {
      stream.session?.goaway()
      whole(stream, asked)
    },
  ]
  const server = await contentServer({ Read: (stream, asked) => (first.shift() ?? whole)(stream, asked) })
  await expect(readAll(server)).rejects.toMatchObject({ code: 'CNB_ENGINE_LOST' })
  expect(await readAll(server)).toBe(BLOB.toString())
  expect(await readAll(server)).toBe(BLOB.toString())
  expect(server.sessions()).toBe(3)
})

test('aborts only the call of the signal, before and during a reply', async () => {
  const closed: Promise<unknown>[] = []
  const waiting = new AbortController()
  const server = await contentServer({
    Info: (stream) => {
      closed.push(once(stream, 'close'))
      waiting.abort()
    },
    Read: (stream) => {
      closed.push(once(stream, 'close'))
      stream.respond({ ':status': 200 })
      stream.write(piece(BLOB))
    },
  })
  const { content } = server.engine
  await expect(content.info(DIGEST, { signal: waiting.signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  const reading = new AbortController()
  const blob = (await content.read(DIGEST, { signal: reading.signal }))!
  const left = (await content.read(DIGEST))!
  blob.once('data', () => reading.abort())
  await expect(once(blob, 'close')).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  // A consumer that stops early ends its call too.
  expect(left.destroyed).toBe(false)
  left.destroy()
  await Promise.all(closed)
  expect(server.sessions()).toBe(1)
})
