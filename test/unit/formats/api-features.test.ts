import { expect, test } from 'vitest'
import { hasBuildpackFeature, hasFeature, PLATFORM_APIS, sinceApi } from '../../../src/formats/api-features.ts'
import { parseApiVersion } from '../../../src/formats/versions.ts'

const api = (text: string) => parseApiVersion(text)!

test('has a feature of the Platform API from the first version with it', () => {
  const having = PLATFORM_APIS.filter((text) => hasFeature(api(text), 'runToml'))
  expect(having).toEqual(PLATFORM_APIS.slice(PLATFORM_APIS.indexOf('0.12')))
  expect(hasFeature(api('1.0'), 'runToml')).toBe(true)
  expect(sinceApi('runToml')).toBe('0.12')
})

test('compares versions by number', () => {
  expect([hasFeature(api('0.8'), 'commandList'), hasFeature(api('0.9'), 'commandList'), hasFeature(api('0.10'), 'commandList')]).toEqual([false, false, true])
})

test('has a feature of the Buildpack API from the first version with it', () => {
  expect([hasBuildpackFeature(api('0.5'), 'layerTypesTable'), hasBuildpackFeature(api('0.6'), 'layerTypesTable'), hasBuildpackFeature(api('0.12'), 'layerTypesTable')]).toEqual([false, true, true])
})
