import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MarkedOutput } from '../../../../../../src/lifecycle/native/run/session/marked-output.ts'

const MARK = '0123456789abcdef'

/** Writes `bytes` in pieces of the given sizes, and returns the output. */
async function take(bytes: Buffer, sizes: readonly number[]): Promise<{ text: string; lines: [string, string][] }> {
  const text: Buffer[] = []
  const lines: [string, string][] = []
  const output = new MarkedOutput({
    mark: MARK,
    text: (chunk) => text.push(Buffer.from(chunk)),
    line: (words, data) => lines.push([words.join(' '), data.toString('latin1')]),
  })
  let at = 0
  for (const size of [...sizes, bytes.length]) {
    output.write(bytes.subarray(at, at + size))
    at += size
  }
  await new Promise<void>((resolve, reject) => {
    output.on('error', reject)
    output.end((error?: Error | null) => (error ? reject(error) : resolve()))
  })
  return { text: Buffer.concat(text).toString('latin1'), lines }
}

const said = (words: string): string => `\0${MARK} ${words}\n`

test("separates the script's lines from the phases' output without a line break between them", async () => {
  const { text, lines } = await take(Buffer.from(`hello${said('exit detector 0')}bye\n`), [])
  expect(text).toBe('hellobye\n')
  expect(lines).toEqual([['exit detector 0', '']])
})

test('preserves data with any bytes', async () => {
  const data = `\0\0${MARK.slice(0, 8)}\n\0${MARK}x\n`
  const { text, lines } = await take(Buffer.from(`${said('data survey')}${data}${said('end')}`, 'latin1'), [])
  expect(text).toBe('')
  expect(lines).toEqual([['data survey', data]])
})

test('treats a line with another mark as text', async () => {
  const forged = '\0ffffffffffffffff exit builder 0\n'
  expect(await take(Buffer.from(forged), [])).toEqual({ text: forged, lines: [] })
})

test('returns the same result for any chunks of the stream', async () => {
  const whole = Buffer.from(`a\0b${said('prepared')}c${said('data group')}[[group]]\n\0${said('end')}d\0`, 'latin1')
  const expected = await take(whole, [])
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 }), async (sizes) => {
      expect(await take(whole, sizes)).toEqual(expected)
    }),
  )
})

test('rejects more data than the limit of metadata', async () => {
  const flood = Buffer.concat([Buffer.from(said('data survey')), Buffer.alloc(81 * 1024 * 1024, 1)])
  await expect(take(flood, [])).rejects.toMatchObject({ code: 'CNB_PHASE_FAILED', message: expect.stringContaining('more than 83886080 bytes') as string })
})
