import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { NAME, VERSION } from '../../../src/base/version.ts'

test('matches name and version of package.json', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { name: string; version: string }
  expect({ name: NAME, version: VERSION }).toEqual({ name: manifest.name, version: manifest.version })
})
