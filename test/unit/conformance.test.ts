import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CHECK_TITLES } from '../support/conformance/check-titles.ts'
import { CHECKS, type Check } from '../support/conformance/conformance.ts'

const TESTS = join(import.meta.dirname, '..')

/** The files that may have the check, as text by name. */
async function filesOf({ in: file }: Extract<Check, { tested: 'both drivers' }>): Promise<string[]> {
  const names = file === undefined ? (await readdir(join(TESTS, 'e2e/conformance'))).filter((name) => name.startsWith('conformance-')).map((name) => `e2e/conformance/${name}`) : [file]
  return Promise.all(names.map((name) => readFile(join(TESTS, name), 'utf8')))
}

/** Tests are run for each driver, or build with the two at once. */
const BOTH_DRIVERS = /describe\.each\((\[\.\.\.)?DRIVERS|bothDrivers\(/

describe('the conformance suite', () => {
  it('knows each of the 85 checks', () => {
    const numbers = Array.from({ length: 85 }, (_, index) => index + 1)
    expect(Object.keys(CHECKS).map(Number)).toEqual(numbers)
    expect(Object.keys(CHECK_TITLES).map(Number)).toEqual(numbers)
  })

  it.each(Object.entries(CHECKS))('has check %s where it says', async (number, check) => {
    switch (check.tested) {
      case 'both drivers': {
        const files = (await filesOf(check)).filter((text) => new RegExp(`['"\`](#\\d+ )*#${number} `).test(text))
        expect(files).not.toEqual([])
        for (const text of files) expect(text).toMatch(BOTH_DRIVERS)
        break
      }
      case 'elsewhere':
      case 'native only':
        for (const [file, title] of check.by) expect(await readFile(join(TESTS, file), 'utf8'), file).toContain(title)
    }
  })
})
