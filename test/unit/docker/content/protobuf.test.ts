import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import { bytesField, readFields } from '../../../../src/docker/content/protobuf.ts'
import { anyCharacter } from '../../../support/characters.ts'

const bytes = (...values: number[]): Buffer => Buffer.from(values)

test('reads encoded fields back', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 4000 }), fc.string({ maxLength: 300, unit: anyCharacter }))), (fields) => {
      const message = Buffer.concat(fields.map(([number, value]) => bytesField(number, value)))
      const read = [...readFields(message)].map(({ number, value }) => [number, value.toString()])
      expect(read).toEqual(fields)
    }),
  )
})

test('parses any bytes or throws CNB_ENGINE_FAILED, without extra memory', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
      try {
        const fields = [...readFields(Buffer.from(input))]
        expect(fields.reduce((sum, { value }) => sum + (Buffer.isBuffer(value) ? value.length : 1), 0)).toBeLessThanOrEqual(input.length)
      } catch (error) {
        expect(error).toBeInstanceOf(CnbError)
        expect((error as CnbError).code).toBe('CNB_ENGINE_FAILED')
      }
    }),
  )
})

test('reads numbers up to 2^53, and skips fixed-width fields', () => {
  const largest = [0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]
  const fixed = [0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x25, 1, 2, 3, 4]
  expect([...readFields(bytes(0x08, 0x96, 0x01, ...fixed, ...largest))]).toEqual([
    { number: 1, value: 150 },
    { number: 2, value: Number.MAX_SAFE_INTEGER },
  ])
})

test.each([
  ['a number without its end', [0x08, 0x80]],
  ['a number of more than 2^53', [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
  ['a number that goes on and on', [0x08, ...Array<number>(11).fill(0x80), 0]],
  ['a length beyond the message', [0x0a, 5, 1, 2]],
  ['a fixed field that is cut short', [0x19, 1, 2]],
  ['a group, which is of old', [0x0b]],
])('rejects %s', (_what, message) => {
  expect(() => [...readFields(bytes(...message))]).toThrow(CnbError)
})
