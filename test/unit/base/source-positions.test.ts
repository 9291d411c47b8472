import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import { withSourcePositions } from '../../../src/base/source-positions.ts'

/** Maps line 1 to line 1 of src/a.ts, from column 10 to line 5 of src/a.ts, and from column 20 to a library. */
const MAP = { version: 3, sources: ['../../src/a.ts', '../../node_modules/b/c.js'], names: [], mappings: 'AAAA,UAIE,UCJF' }

async function inBundle(use: (directory: string) => void): Promise<void> {
  await using directory = await makeTemporaryDirectory('cnb-maps-')
  await writeFile(join(directory.path, 'main.js.map'), JSON.stringify(MAP))
  await writeFile(join(directory.path, 'broken.js.map'), '{')
  use(`${directory.path}/`)
}

describe('withSourcePositions', () => {
  it('returns positions in the sources', () =>
    inBundle((directory) => {
      const stack = `Error: x\n    at f (${directory}main.js:1:13)\n    at file://${directory}main.js:1:1`
      expect(withSourcePositions(stack, directory)).toMatch(/^Error: x\n {4}at f \(src\/a\.ts:5:3\)\n {4}at file:/)
      expect(withSourcePositions(stack, `file://${directory}`)).toMatch(/ at src\/a\.ts:1:1$/)
    }))

  it.each(['main.js:1:25', 'broken.js:1:1', 'other.js:1:1'])('keeps a position without a map or in a library: %s', (place) =>
    inBundle((directory) => {
      const stack = `Error: x\n    at ${directory}${place}`
      expect(withSourcePositions(stack, directory)).toBe(stack)
    }))

  it('keeps positions outside the bundle', () =>
    inBundle((directory) => {
      const stack = `Error: ${directory}main.js:1:1`
      expect(withSourcePositions(stack, '/elsewhere/')).toBe(stack)
      expect(withSourcePositions(stack)).toBe(stack)
    }))
})
