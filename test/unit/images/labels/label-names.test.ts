import { expect, test } from 'vitest'
import { isMarkedRebasable, PROJECT_METADATA_LABEL, readDistro, readStackId, readStackMixins, readImageTarget } from '../../../../src/images/labels/label-names.ts'
import { readLabels } from '../../../../src/images/labels/read-labels.ts'

const image = (labels: Record<string, string>) => ({ reference: 'my/app', labels, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } })

test('forbids a rebase only for the value false', () => {
  expect(['false', 'true', '', 'False', '0'].map((value) => isMarkedRebasable(image({ 'io.buildpacks.rebasable': value })))).toEqual([false, true, true, true, true])
  expect(isMarkedRebasable(image({}))).toBe(true)
})

test("removes the stage's prefix from mixins", () => {
  expect(readStackMixins(image({ 'io.buildpacks.stack.mixins': '["build:git","run:curl","jq","a:b"]' }))).toEqual(['git', 'curl', 'jq', 'a:b'])
  expect(readStackMixins(image({}))).toEqual([])
  expect(() => readStackMixins(image({ 'io.buildpacks.stack.mixins': '"git"' }))).toThrow('must be a list')
})

test('reads the target from the image and its labels', () => {
  expect(readDistro(image({}))).toBeUndefined()
  expect(readDistro(image({ 'io.buildpacks.base.distro.version': '' }))).toEqual({ name: '', version: '' })
  expect(readImageTarget(image({ 'io.buildpacks.base.distro.name': 'debian' }))).toEqual({ os: 'linux', arch: 'arm64', variant: 'v8', distroName: 'debian' })
})

test('reads short labels unchanged', () => {
  expect(readStackId(image({ 'io.buildpacks.stack.id': 'x' }))).toBe('x')
  expect(readLabels(image({ 'io.buildpacks.project.metadata': '{"source":{"type":"git"}}' }), [PROJECT_METADATA_LABEL]).table(PROJECT_METADATA_LABEL)?.table('source')?.string('type')).toBe('git')
})
