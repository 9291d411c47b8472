import { readFile } from 'node:fs/promises'
import { PassThrough, Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { demultiplex } from '../../../src/docker/multiplex.ts'
import { cut } from './cut.ts'
import { frame } from './engine-server.ts'

async function separate(source: Readable): Promise<{ stdout: string; stderr: string }> {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const printed = Promise.all([text(stdout), text(stderr)])
  await demultiplex(source, { stdout, stderr })
  stdout.end()
  stderr.end()
  const [out, err] = await printed
  return { stdout: out, stderr: err }
}

test('reassembles payloads in order from any chunks', async () => {
  const payloads = fc.array(fc.record({ stream: fc.constantFrom(0, 1, 2), bytes: fc.uint8Array({ maxLength: 200 }) }), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(payloads, fc.array(fc.nat()), async (frames, cuts) => {
      const written: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] }
      const collect = (name: 'stdout' | 'stderr'): Writable =>
        new Writable({
          highWaterMark: 16,
          write(chunk: Buffer, _encoding, done) {
            written[name].push(Buffer.from(chunk))
            setImmediate(done)
          },
        })
      const bytes = Buffer.concat(frames.map(({ stream, bytes: payload }) => frame(stream, Buffer.from(payload))))
      const outputs = { stdout: collect('stdout'), stderr: collect('stderr') }
      await demultiplex(Readable.from(cut(bytes, cuts)), outputs)
      await Promise.all(Object.values(outputs).map((output) => new Promise<void>((resolve) => output.end(resolve))))
      const expected = (wanted: (stream: number) => boolean): Buffer =>
        Buffer.concat(frames.filter(({ stream }) => wanted(stream)).map(({ bytes: payload }) => Buffer.from(payload)))
      expect(Buffer.concat(written.stdout)).toEqual(expected((stream) => stream !== 2))
      expect(Buffer.concat(written.stderr)).toEqual(expected((stream) => stream === 2))
    }),
    { numRuns: 60 },
  )
})

test('parses recorded output of a 20.10 engine', async () => {
  const recorded = await readFile('fixtures/docker/attach-20.10.bin')
  expect(await separate(Readable.from([recorded]))).toEqual({ stdout: 'first line\nsecond line\n', stderr: 'a complaint: é\n' })
})

test('parses a hundred thousand frames in one chunk', async () => {
  const { stdout } = await separate(Readable.from([Buffer.concat(Array.from({ length: 100_000 }, () => frame(1, 'x')))]))
  expect(stdout.length).toBe(100_000)
})

test('streams a frame of a gigabyte with backpressure', async () => {
  const header = Buffer.from([1, 0, 0, 0, 0x40, 0, 0, 0])
  const piece = Buffer.alloc(1 << 20)
  let given = 0
  let taken = 0
  let most = 0
  const source = function* (): Generator<Buffer> {
    yield header
    for (; given < 1024; given++) yield piece
  }
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      taken += chunk.length
      most = Math.max(most, given * piece.length - taken)
      setImmediate(done)
    },
  })
  await demultiplex(Readable.from(source(), { highWaterMark: 1 }), { stdout })
  expect(taken).toBe(2 ** 30)
  expect(most).toBeLessThan(8 * piece.length)
})

test('skips outputs without a receiver', async () => {
  await demultiplex(Readable.from([frame(1, 'a'), frame(2, 'b')]), {})
})

test.each([
  ['an unknown stream', Buffer.from([9, 0, 0, 0, 0, 0, 0, 1, 65]), 'CNB_ENGINE_FAILED', 'unknown header'],
  ['text without frames', Buffer.from('hello, this is a terminal'), 'CNB_ENGINE_FAILED', 'unknown header'],
  ["the engine's own words", frame(3, 'the log driver failed'), 'CNB_ENGINE_FAILED', 'the log driver failed'],
  ['an end inside a header', Buffer.from([1, 0, 0]), 'CNB_ENGINE_LOST', 'is truncated'],
  ['an end inside a payload', frame(1, 'abc').subarray(0, 10), 'CNB_ENGINE_LOST', 'is truncated'],
])('reports %s as an error', async (_, bytes, code, words) => {
  const message: unknown = expect.stringContaining(words)
  await expect(demultiplex(Readable.from([bytes]), {})).rejects.toMatchObject({ code, message })
})

test('stops reading if a full output is destroyed', async () => {
  const stdout = new Writable({ highWaterMark: 1, write: () => setImmediate(() => stdout.destroy()) })
  const source = Readable.from([frame(1, 'abc'), frame(1, 'def')])
  await expect(demultiplex(source, { stdout })).rejects.toThrow('closed')
  expect(source.destroyed).toBe(true)
})
