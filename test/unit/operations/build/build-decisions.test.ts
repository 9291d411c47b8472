import { describe, expect, test } from 'vitest'
import type { CnbEvent, Context } from '../../../../src/base/events.ts'
import { parseTag } from '../../../../src/oci/reference.ts'
import { explainCache, explainEnvironment, explainTrust } from '../../../../src/operations/build/build-decisions.ts'
import { decisionsOf } from '../../../support/decisions.ts'
import { aBuilder, aPlan } from '../../../support/plans.ts'

/** Returns the decisions that `emit` sends. */
function decided(emit: (context: Context) => void): string[] {
  const events: CnbEvent[] = []
  emit({ events: (event) => events.push(event) })
  return decisionsOf(events)
}

const API = { major: 0, minor: 15 }

describe('explainEnvironment', () => {
  test('names the defaults, and the versions that the lifecycle supports', () => {
    expect(decided((context) => explainEnvironment({}, aBuilder(), API, context))).toEqual([
      'platform linux/amd64: chosen: it is the default: the platform of the engine and the builder',
      "platform api 0.15: chosen: both cnb and the builder's lifecycle 0.21.0 support it, and no newer version; the lifecycle supports 0.7, 0.15",
      'lifecycle native: chosen: it is the default',
    ])
  })

  test('names the options that select something', () => {
    const options = { platform: 'linux/amd64', lifecycle: 'stock', runImage: 'my/run' } as const
    expect(decided((context) => explainEnvironment(options, aBuilder(), API, context))).toEqual([
      'platform linux/amd64: chosen: --platform selects it',
      expect.stringContaining('platform api 0.15: chosen: '),
      'run image my/run: chosen: --run-image selects it',
      'lifecycle stock: chosen: --lifecycle selects it',
    ])
  })
})

describe('explainCache', () => {
  const { cacheVolumes } = aPlan()
  const options = { image: 'my-app', builder: 'some/builder' }

  test('names the volumes of the driver, and whether --cache selects them', () => {
    expect(decided((context) => explainCache(options, { cacheVolumes }, context))).toEqual([
      `cache ${cacheVolumes.layers}: chosen: it is the default: volumes named after the app image`,
    ])
    const chosen = { cacheVolumes: { ...cacheVolumes, chosen: true } }
    expect(decided((context) => explainCache({ ...options, lifecycle: 'stock' }, chosen, context))).toEqual([`cache ${cacheVolumes.build}: chosen: --cache selects it`])
  })

  test('names a directory or an image with the option that selects it', () => {
    expect(decided((context) => explainCache(options, { cacheVolumes, cacheDirectory: '/my/cache' }, context))).toEqual(['cache /my/cache: chosen: --cache selects it'])
    const image = { cacheVolumes, cacheImage: parseTag('my/cache') }
    expect(decided((context) => explainCache({ ...options, cacheImage: 'my/cache' }, image, context))).toEqual(['cache my/cache:latest: chosen: --cache-image selects it'])
    expect(decided((context) => explainCache(options, image, context))).toEqual(['cache my/cache:latest: chosen: --cache selects it'])
  })
})

test.each([
  [undefined, true, 'trusted: it is in the list of trusted builders'],
  [undefined, false, 'not trusted: it is not in the list of trusted builders'],
  [true, true, 'trusted: --trust-builder is set'],
  [false, false, 'not trusted: --trust-builder is set'],
])('states the reason of the trust with --trust-builder %s and trust %s', (trustBuilder, trusted, words) => {
  const options = { image: 'my-app', builder: 'some/builder', ...(trustBuilder === undefined ? {} : { trustBuilder }) }
  expect(decided((context) => explainTrust(options, aBuilder(), trusted, context))).toEqual([`trust some/builder: ${words}`])
})
