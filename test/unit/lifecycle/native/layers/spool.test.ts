import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Spool } from '../../../../../src/lifecycle/native/layers/spool.ts'

const bytesOf = async (content: Buffer | Readable): Promise<Buffer> => (Buffer.isBuffer(content) ? content : buffer(content))
const filled = (size: number, value: number): Buffer => Buffer.alloc(size, `${value} and so on `)

describe('Spool', () => {
  it('returns contents in any order, from memory and from the file', async () => {
    const sizes = fc.array(fc.oneof(fc.nat(2000), fc.constantFrom(0, 65_536, 65_537, 262_144, 600_000)), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(sizes, fc.constantFrom(0, 262_144, 1_000_000), fc.boolean(), async (list, left, streamed) => {
        const memory = { left }
        {
          await using spool = new Spool(memory)
          const added = []
          for (const [index, size] of list.entries()) {
            const content = filled(size, index)
            added.push({ content, spooled: await spool.add(streamed ? Readable.from([content.subarray(0, 7), content.subarray(7)]) : content) })
          }
          for (const { content, spooled } of added.reverse()) {
            expect(spooled.size).toBe(content.length)
            expect((await bytesOf(spool.read(spooled))).equals(content)).toBe(true)
          }
        }
        expect(memory.left).toBe(left)
      }),
      { numRuns: 40 },
    )
  })

  it('throws the error of a content, and accepts more contents', async () => {
    await using spool = new Spool({ left: 0 })
    const failing = (async function* () {
      yield Buffer.from('begun')
      throw new Error('lost')
    })()
    await expect(spool.add(failing)).rejects.toThrow('lost')
    const next = await spool.add(Buffer.from('next'))
    expect((await bytesOf(spool.read(next))).toString()).toBe('next')
  })

  it('cannot be read after disposal', async () => {
    const spool = new Spool({ left: 0 })
    const large = await spool.add(filled(600_000, 1))
    await spool[Symbol.asyncDispose]()
    await expect(bytesOf(spool.read(large))).rejects.toMatchObject({ code: 'CNB_INTERNAL' })
  })
})
