import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashAttributes, readFingerprints } from '../../../../../../src/lifecycle/native/run/session/fingerprints.ts'
import { MAX_ATTRIBUTES } from '../../../../../../src/lifecycle/native/run/session/session-script.ts'

const sha256 = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex')

test('hashes each directory with its entries', () => {
  const attributes = './a/b\0\0d 755\0./a/b\0x\ny\0f 644\0./a/c\0\0d 700\0'
  // A record ends with the target of a link, which is empty here.
  const [first, second] = ['./a/b\0\0d 755\0./a/b\0x\ny\0f 644\0', './a/c\0\0d 700\0']
  expect(hashAttributes(Buffer.from(attributes))).toEqual(new Map([['a/b', sha256(first)], ['a/c', sha256(second)]]))
  expect(hashAttributes(Buffer.alloc(0))).toEqual(new Map())
})

test.each([
  ['cut', './a/b\0\0d 755\0./a/b\0x'],
  ['cut at a NUL', './a/b\0\0d 755\0./a/b\0x\0'],
  ['not all readable', './a/b\0\0d 755\0\0'],
  ['as long as the limit', '\0'.repeat(MAX_ATTRIBUTES)],
])('returns undefined for attributes that are %s', (_what, attributes) => {
  expect(hashAttributes(Buffer.from(attributes))).toBeUndefined()
})

test('skips a link in place of a directory, and a name that is not UTF-8', () => {
  expect(hashAttributes(Buffer.from('./a/b\0\0l 777 /etc\0./a/\xff\0\0d 755\0', 'latin1'))).toEqual(new Map())
})

test('reads the script’s hashes by directory', () => {
  const hash = sha256('x')
  const answer = `${hash}  -\n./a/new\nline\0${hash} *-\n./a/b\0nonsense\0${hash}  -\n/etc\0`
  expect(readFingerprints(Buffer.from(answer))).toEqual(new Map([['a/new\nline', hash], ['a/b', hash]]))
})

test('parses replies with any content', () => {
  const data = fc.string({ unit: fc.constantFrom('\0', './a', '\n', 'd ', 'f', ' -') }).map((text) => Buffer.from(text))
  fc.assert(fc.property(data, (bytes) => void [hashAttributes(bytes), readFingerprints(bytes)]))
})
