import { describe, expect, test } from 'vitest'
import { readLifecycleMetadata, withRunImage } from '../../../../src/images/labels/lifecycle-metadata.ts'

const read = (text: string) => readLifecycleMetadata({ reference: 'my/app', labels: { 'io.buildpacks.lifecycle.metadata': text } })

/** The label of lifecycle 0.21.0 with Platform API 0.15, with additional unknown keys. */
const LABEL =
  '{"app":[{"sha":"sha256:a1"},{"sha":"sha256:a2"}],"sbom":{"sha":"sha256:b"},"buildpacks":[{"key":"x/y","version":"1.2","future":1,' +
  '"layers":{"10":{"sha":"sha256:ten","data":{"n":12345678901234567890},"build":true,"launch":true,"cache":true},' +
  '"9":{"sha":"sha256:nine","data":null,"build":false,"launch":false,"cache":true}},"store":{"metadata":{"k":"\\u003cv\\u003e"}}}],' +
  '"config":{"sha":"sha256:c"},"launcher":{"sha":"sha256:l"},"process-types":{"sha":""},' +
  '"runImage":{"topLayer":"sha256:t","reference":"ref","image":"run:1","mirrors":["r.example/run"],"later":[]},' +
  '"stack":{"runImage":{"image":"run:1"}},"unknown":{"b":1,"a":2}}'

describe('readLifecycleMetadata', () => {
  test("reads the lifecycle's label", () => {
    const metadata = read(LABEL)
    expect(metadata).toMatchObject({
      app: ['sha256:a1', 'sha256:a2'],
      sbom: 'sha256:b',
      config: 'sha256:c',
      launcher: 'sha256:l',
      processTypes: '',
      topLayer: 'sha256:t',
      reference: 'ref',
      runImage: { image: 'run:1', mirrors: ['r.example/run'] },
      knownRunImages: ['run:1', 'r.example/run'],
    })
    const [buildpack] = metadata?.buildpacks ?? []
    expect([buildpack?.id, buildpack?.version]).toEqual(['x/y', '1.2'])
    expect(buildpack?.layers.get('9')).toEqual({ sha: 'sha256:nine', data: undefined, build: false, launch: false, cache: true })
  })

  test('reads a run image in the stack only, and an app in one layer', () => {
    expect(read('{"app":{"sha":"sha256:a"},"runImage":{"topLayer":"t"},"stack":{"runImage":{"image":"old","mirrors":null}}}')).toMatchObject({
      app: ['sha256:a'],
      runImage: { image: 'old', mirrors: [] },
      knownRunImages: ['old'],
    })
  })

  test('lists mirrors without an image as known, but not as the run image', () => {
    const metadata = read('{"runImage":{"topLayer":"t","mirrors":["a"]},"stack":{"runImage":{"image":"","mirrors":["b","a"]}}}')
    expect(metadata).toMatchObject({ runImage: undefined, knownRunImages: ['a', 'b'] })
  })

  test('returns undefined without the label', () => {
    expect(readLifecycleMetadata({ reference: 'x', labels: {} })).toBeUndefined()
  })

  test('rejects a wrong type with its position', () => {
    expect(() => read('{"buildpacks":[{"key":1}]}')).toThrow("metadata.buildpacks[0].key' must be a string")
    expect(() => read('{"runImage":[]}')).toThrow("metadata.runImage' must be a table")
  })
})

describe('withRunImage', () => {
  test('changes only the base', () => {
    expect(withRunImage(LABEL, { topLayer: 'sha256:new', reference: 'id' })).toBe(
      LABEL.replace('"topLayer":"sha256:t","reference":"ref"', '"topLayer":"sha256:new","reference":"id"'),
    )
  })

  test('replaces old names, mirrors and the deprecated copy with a new name', () => {
    const label = JSON.parse(withRunImage(LABEL, { topLayer: 't', reference: 'r', name: 'other<1>' })) as Record<string, unknown>
    expect(label.runImage).toEqual({ topLayer: 't', reference: 'r', image: 'other<1>', later: [] })
    expect(label.stack).toEqual({ runImage: { image: 'other<1>' } })
  })

  test('adds a base to a label without one', () => {
    expect(withRunImage('{}', { topLayer: 't', reference: 'r' })).toBe('{"runImage":{"topLayer":"t","reference":"r"}}')
    expect(withRunImage('{"runImage":null}', { topLayer: 't', reference: 'r' })).toBe('{"runImage":{"topLayer":"t","reference":"r"}}')
  })
})
