import { expect, test } from 'vitest'
import { parseReference } from '../../../../src/oci/reference.ts'
import { chooseCache, parseCacheOptions } from '../../../../src/operations/build/cache-option.ts'

test.each([
  [['type=build;format=volume;name=mine'], { buildVolume: 'mine' }],
  [['type=launch;format=volume;name=other'], { launchVolume: 'other' }],
  [['type=build;format=bind;source=../cache'], { buildDirectory: '/work/cache/build-cache' }],
  [['format=bind;type=build;source=/a b;'], { buildDirectory: '/a b/build-cache' }],
  [['type=build;format=bind;source=/a', 'type=build;format=volume;name=last'], { buildVolume: 'last' }],
  [[], {}],
])('reads %j', (texts, expected) => {
  expect(parseCacheOptions(texts, '/work/app')).toEqual(expected)
})

test.each([
  ['type=build', 'the format is missing'],
  ['format=volume;name=x', 'the type is missing'],
  ['type=other;format=volume;name=x', "unknown type 'other'"],
  ['type=build;format=tar;name=x', "unknown format 'tar'"],
  ['type=build;format=volume', 'a volume needs a name'],
  ['type=build;format=volume;name=a/b', "'a/b' is not a valid volume name"],
  ['type=build;format=bind', 'a directory needs a source'],
  ['type=build;format=bind;source=', 'the source is empty'],
  ['type=build;type=launch;format=volume;name=x', "duplicate field 'type'"],
  ['type=build;colour=red', "unknown field 'colour'"],
  ['type=launch;format=image;name=x', 'only the build cache can be an image; launch layers are in the app image'],
  ['type=build;format=image', 'an image needs a name'],
  ['volume', "'volume' is not in the form key=value"],
])('refuses %s', (text, why) => {
  expect(() => parseCacheOptions([text], '/')).toThrow(expect.objectContaining({ code: 'CNB_USAGE', message: `invalid --cache '${text}': ${why}` }) as Error)
})

test('uses the last of volume, directory and image as build cache', () => {
  const image = 'type=build;format=image;name=registry.example/cache:1'
  expect(parseCacheOptions(['type=build;format=volume;name=ab', image], '/').buildImage).toEqual(parseReference('registry.example/cache:1'))
  expect(parseCacheOptions([image, 'type=build;format=bind;source=x'], '/')).toEqual({ buildDirectory: '/x/build-cache' })
})

test('requires a tag for a cache image', () => {
  const text = `type=build;format=image;name=some/cache@sha256:${'a'.repeat(64)}`
  expect(() => parseCacheOptions([text], '/')).toThrow(expect.objectContaining({ code: 'CNB_REFERENCE_INVALID' }) as Error)
})

test('reads a key for the names of volumes, instead of another build cache', () => {
  expect(chooseCache({ cacheKey: 'web-main' }, '/')).toEqual({ key: parseReference('cache-key/web-main') })
  for (const cacheKey of ['', 'a/b', 'Web', 'a..b', '-a', 'a'.repeat(101)]) expect(() => chooseCache({ cacheKey }, '/')).toThrow(/invalid --cache-key/)
  expect(() => chooseCache({ cacheKey: 'a', cacheImage: 'b' }, '/')).toThrow('--cache-image and --cache-key exclude each other')
  expect(() => chooseCache({ cacheKey: 'a', cache: ['type=build;format=volume;name=ab'] }, '/')).toThrow('--cache-key and --cache type=build exclude each other')
})
