import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readJsonLines, type ProgressLine } from '../../../src/docker/json-lines.ts'
import { cut } from './cut.ts'

async function read(...chunks: (string | Buffer)[]): Promise<ProgressLine[]> {
  const lines: ProgressLine[] = []
  for await (const line of readJsonLines(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), 'cannot pull')) lines.push(line)
  return lines
}

test('reassembles lines from any chunks, with or without a final newline', async () => {
  const words = fc.string({ unit: 'grapheme', minLength: 1 })
  const lines = fc.array(fc.record({ id: words, status: words }))
  await fc.assert(
    fc.asyncProperty(lines, fc.array(fc.nat()), fc.constantFrom('\n', '\r\n'), fc.boolean(), async (objects, cuts, end, ended) => {
      const bytes = Buffer.from(objects.map((object) => JSON.stringify(object)).join(end) + (ended ? end : ''))
      const out = await read(...cut(bytes, cuts))
      expect(out.map(({ id, status }) => ({ id, status }))).toEqual(objects)
    }),
  )
})

test.each(['20.10-overlay2', '28.5-overlay2', '28.5-containerd'])('parses a pull of %s', async (engine) => {
  const lines = await read(await readFile(`fixtures/docker/pull-${engine}.jsonl`))
  expect(lines.at(0)?.status).toBe('Pulling from b/x')
  expect(lines.at(-1)?.status).toMatch(/^Status: Downloaded newer image/)
})

test('returns sizes if the engine reports them', async () => {
  expect(await read('{"id":"a","status":"Downloading","progressDetail":{"current":5,"total":9}}')).toEqual([
    { id: 'a', status: 'Downloading', stream: undefined, progressDetail: { current: 5, total: 9 } },
  ])
})

test.each([
  ['a failure in the body', '{"errorDetail":{"message":"wait an hour"},"error":"wait an hour"}\n', 'wait an hour'],
  ['a failure told by its detail alone', '{"errorDetail":{"message":"broken"}}', 'broken'],
  ['what is not JSON', '{"status":"ok"}\n<html>\n', '<html>'],
  ['JSON that is not an object', '"hello"\n', 'invalid JSON'],
  ['a line without end', 'x'.repeat(2 << 20), 'longer than'],
])('reports %s as an error', async (_, body, words) => {
  const message: unknown = expect.stringContaining(words)
  await expect(read(body)).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED', message })
})
