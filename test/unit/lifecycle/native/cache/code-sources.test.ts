import { expect, test } from 'vitest'
import type { Buildpack } from '../../../../../src/buildpacks/buildpack.ts'
import { codeSources, externalSources } from '../../../../../src/lifecycle/native/cache/code-sources.ts'
import type { CodeSource } from '../../../../../src/lifecycle/native/model.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'
import { aBuilder, anImage } from '../../../../support/plans.ts'

const ID = digestOf('an image')

function buildpack(origin: string, content: string, id = 'some/bp'): Buildpack {
  const descriptor = { kind: 'buildpack' as const, api: '0.11', info: { id, version: '1' }, stacks: [], targets: [], order: [] }
  return { origin, descriptor, layer: { diffId: digestOf(content), open: () => Promise.reject(new Error('not read')) } }
}

/** @param content of the builder image: by default different for each call */
function sources(builder: string, buildpacks: readonly Buildpack[] = [], content = builder): readonly CodeSource[] {
  return codeSources({ builder: aBuilder({ image: anImage({ reference: builder, id: digestOf(content) }) }), buildpacks })
}

const foreign = (earlier: readonly CodeSource[], present: readonly CodeSource[]): string[] => externalSources(earlier, present).map(({ name }) => name)

test.each([
  ['another tag', 'a/b:1', 'a/b:2'],
  ['a digest', 'a/b:1', `a/b@${ID}`],
  ['a tag and a digest', 'r.example:5000/a/b', `r.example:5000/a/b:2@${ID}`],
])('treats %s of a repository as the same builder', (_what, one, other) => {
  expect(foreign(sources(one), sources(other))).toEqual([])
  expect(foreign(sources(other), sources(one))).toEqual([])
})

test.each([
  ['another repository', 'a/b', 'a/c'],
  ['a repository with the same prefix', 'a/b', 'a/b-2'],
  ['another registry', 'x/builder', 'localhost:5000/x/builder'],
  ['another port', 'localhost:5000/x/builder', 'localhost:5001/x/builder'],
  ['an image ID', 'sha256', digestOf('one')],
  ['another image ID', digestOf('one'), digestOf('two')],
])('treats %s as another builder', (_what, one, other) => {
  expect(foreign(sources(one), sources(other))).toHaveLength(1)
  expect(foreign(sources(other), sources(one))).toHaveLength(1)
})

test('treats an image as the same builder under any name', () => {
  expect(foreign(sources('a/b', [], 'x'), sources('c/d', [], 'x'))).toEqual([])
})

test('treats a buildpack with another path as another, unless its content is the same', () => {
  const earlier = sources('a/b', [buildpack('/one', 'x')])
  expect(foreign(earlier, sources('a/b', [buildpack('/two', 'y')]))).toEqual(["buildpack 'some/bp'"])
  expect(foreign(earlier, sources('a/b', [buildpack('/two', 'x')]))).toEqual([])
  expect(foreign(earlier, sources('a/b', [buildpack('/one', 'changed by its author')]))).toEqual([])
})

test('accepts more sources than before, and reports missing ones', () => {
  const [few, more] = [sources('a/b'), sources('a/b', [buildpack('/one', 'x'), buildpack('/two', 'y', 'other/bp')])]
  expect(foreign(few, more)).toEqual([])
  expect(foreign(more, few)).toEqual(["buildpack 'some/bp'", "buildpack 'other/bp'"])
})

test('keeps paths distinct from builders, and does not reveal them', () => {
  expect(foreign(sources('a/b'), sources('c/d', [buildpack('a/b', 'x')]))).toHaveLength(1)
  expect(JSON.stringify(sources('a/b', [buildpack('/home/me/secret', 'x')]))).not.toContain('secret')
})
