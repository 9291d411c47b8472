import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { readEntryList } from '../../../../../src/lifecycle/native/layers/entry-list.ts'

const bytes = (...fields: string[]): Buffer => Buffer.from(fields.map((field) => `${field}\0`).join(''), 'latin1')

async function read(...chunks: Buffer[]): Promise<string[]> {
  const found: string[] = []
  for await (const { type, size, name, linkname } of readEntryList(Readable.from(chunks), '/layers/bp')) {
    found.push([type, size, (name as Buffer).toString('latin1'), ...(linkname ? [(linkname as Buffer).toString('latin1')] : [])].join(' '))
  }
  return found
}

const LIST = bytes('d', '4096', './x', '', 'f', '12', './x/new\nline \xff', '', 'l', '3', './x/link', 'a b', 's', '0', './x/socket', '', 'p', '0', './x/fifo', '')

test('reads types, sizes, names as bytes and targets of links, in pieces of any size; omits sockets', async () => {
  const expected = ['directory 0 /layers/bp/x', 'file 12 /layers/bp/x/new\nline \xff', 'symlink 0 /layers/bp/x/link a b', 'fifo 0 /layers/bp/x/fifo']
  expect(await read(LIST)).toEqual(expected)
  expect(await read(...[...LIST].map((byte) => Buffer.of(byte)))).toEqual(expected)
})

test.each([
  ['half an entry', bytes('f', '1', './x')],
  ['half a field', LIST.subarray(0, -1)],
  ['another type', bytes('b', '0', './x', '')],
  ['a negative size', bytes('f', '-1', './x', '')],
  ['a size that no number represents', bytes('f', '9'.repeat(16), './x', '')],
  ['an absolute path', bytes('f', '1', '/etc/passwd', '')],
  ['a file with a slash at its end', bytes('f', '1', './x/', '')],
  ['an endless name', Buffer.alloc(128 * 1024, 'x')],
])('refuses %s', async (_, list) => {
  await expect(read(list)).rejects.toMatchObject({ code: 'CNB_EXPORT_FAILED' })
})
