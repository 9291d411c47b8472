import { expect, test } from 'vitest'
import { shownAddress } from '../../../src/formats/shown-address.ts'

test.each([
  ['https://me:secret@host.example:8443/a%20b?token=secret#secret', 'https://host.example:8443/a%20b'],
  ['http://me:sec@ret@', 'http://'],
  ['no address', 'no address'],
])('shows %s as %s', (address, shown) => {
  expect(shownAddress(address)).toBe(shown)
})
