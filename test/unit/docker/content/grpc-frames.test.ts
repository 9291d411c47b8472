import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frameOf, readFrames } from '../../../../src/docker/content/grpc-frames.ts'
import { cut } from '../cut.ts'

async function read(chunks: readonly Buffer[]): Promise<Buffer[]> {
  const messages: Buffer[] = []
  for await (const message of readFrames(Readable.from(chunks), 'cannot read')) messages.push(message)
  return messages
}

test('reassembles messages from any chunks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 })), fc.array(fc.nat(20)), async (contents, cuts) => {
      const messages = contents.map((content) => Buffer.from(content))
      const body = Buffer.concat(messages.map(frameOf))
      expect(await read(cut(body, cuts))).toEqual(messages)
    }),
  )
})

test('reports a truncated body as lost', async () => {
  const body = frameOf(Buffer.from('message'))
  for (const length of [1, 4, 5, 11]) {
    await expect(read([body.subarray(0, length)])).rejects.toMatchObject({ code: 'CNB_ENGINE_LOST' })
  }
})

test('rejects a compressed message, or one above 8 MiB, by its header', async () => {
  await expect(read([Buffer.from([1, 0, 0, 0, 1, 0])])).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED' })
  await expect(read([Buffer.from([0, 0, 0x80, 0, 1])])).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED' })
})
