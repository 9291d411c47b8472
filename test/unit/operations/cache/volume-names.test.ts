import { expect, test } from 'vitest'
import { CACHE_LABELS, cacheVolumes } from '../../../../src/lifecycle/cache-volumes.ts'
import { parseTag } from '../../../../src/oci/reference.ts'
import { parseCacheVolume } from '../../../../src/operations/cache/volume-names.ts'

test.each(['app', 'registry.example:5000/my.app/web.layers:1.0-rc.1', 'localhost/nul__x/a.b-c:latest', 'a.record/b.state:x.kaniko'])('groups all volumes of %s, for every platform', (image) => {
  const { chosen: _, ...names } = cacheVolumes(parseTag(image), 'key')
  const found = Object.entries(names).flatMap(([kind, name]) => ['', '.linux-arm64', '.linux-arm-v7', '-0123456789ab'].map((suffix) => {
    const parsed = parseCacheVolume(name + suffix, CACHE_LABELS)
    expect(parsed).toMatchObject({ kind, ofPack: kind === 'build' || kind === 'launch' })
    return parsed?.cache
  }))
  expect(new Set(found).size).toBe(1)
})

test("reads the volumes named after the user's own", () => {
  expect(parseCacheVolume('mine', CACHE_LABELS)).toEqual({ cache: 'mine', kind: 'build', ofPack: true })
  expect(parseCacheVolume('my.app.layers', CACHE_LABELS)).toEqual({ cache: 'my.app', kind: 'layers', ofPack: false })
})

test.each(['data', 'my.layers', 'cnb-cache-app_latest-0123456789ab.layers', 'cnb-layers-abc'])('takes no volume %s without the label', (name) => {
  expect(parseCacheVolume(name, {})).toBeUndefined()
  expect(parseCacheVolume(name, { 'dev.cnb.cache': 'no' })).toBeUndefined()
})
