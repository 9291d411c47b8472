import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import { readBuildMetadata } from '../../../../src/images/labels/build-metadata.ts'
import { labelOf, readLabels } from '../../../../src/images/labels/read-labels.ts'
import { readStackMixins } from '../../../../src/images/labels/label-names.ts'
import { readLifecycleMetadata } from '../../../../src/images/labels/lifecycle-metadata.ts'
import { matching } from '../../../support/matching.ts'

const image = (labels: Record<string, string>) => ({ reference: 'my/app', labels })

describe('readLabels', () => {
  const read = (json: string) => readLabels(image({ 'a.label': json }), ['a.label']).table('a.label')

  test('treats absent, empty and null labels as absent fields', () => {
    const labels = readLabels(image({ empty: '', nothing: 'null' }), ['absent', 'empty', 'nothing'])
    expect([labels.table('absent'), labels.table('empty'), labels.table('nothing'), labels.strings('absent')]).toEqual([undefined, undefined, undefined, []])
  })

  test.each([
    ['{', 'is not JSON'],
    ['{} {}', 'is not JSON'],
    [`"${'x'.repeat(32 * 1024 * 1024)}"`, 'is larger than'],
    ['[]', 'must be a table, not a list'],
  ])('rejects malformed labels with the names of label and image (%#)', (text, why) => {
    const message: unknown = matching(new RegExp(`^cannot read a label of image 'my/app': 'a\\.label' ${why}`))
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'CNB_IMAGE_INVALID', message, hint: 'Build the image again, or report the error to its author.' }))
    expect(() => readLabels(image({ 'a.label': text }), ['a.label'], 'CNB_BUILDER_INVALID').table('a.label')).toThrow(
      expect.objectContaining({ code: 'CNB_BUILDER_INVALID', message, hint: 'Use another builder, or create this builder again.' }),
    )
  })

  test('reports the position of a wrong type', () => {
    const value = read('{"a":[{"b":1}]}')
    expect(() => value?.tables('a')[0]?.string('b')).toThrow("'a.label.a[0].b' must be a string, not a number")
    expect(() => value?.table('a')).toThrow("'a.label.a' must be a table, not a list")
  })

  test('reads null items as empty, as Go does', () => {
    expect(read('{"a":[null]}')?.strings('a')).toEqual([''])
    expect(read('{"a":[null]}')?.tables('a')[0]?.string('b')).toBeUndefined()
  })

  test('ignores inherited properties', () => {
    expect(labelOf(image({}), 'constructor')).toBe('')
    expect(readLabels(image({}), ['toString']).table('toString')).toBeUndefined()
    expect(read('{}')?.value('toString')).toBeUndefined()
  })
})

test('returns a result or throws CNB_IMAGE_INVALID for any label', () => {
  const keys = ['app', 'sha', 'buildpacks', 'layers', 'runImage', 'stack', 'mirrors', 'image', 'processes', 'command', 'launcher', '__proto__']
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 5 }, fc.constantFrom(null, true, 1, 'x'), fc.array(tie('any'), { maxLength: 3 }), fc.dictionary(fc.constantFrom(...keys), tie('any'))),
  })).any
  fc.assert(
    fc.property(fc.oneof(value.map((parsed) => JSON.stringify(parsed)), fc.string()), (text) => {
      for (const read of [readLifecycleMetadata, readBuildMetadata, readStackMixins]) {
        try {
          read(image({ 'io.buildpacks.lifecycle.metadata': text, 'io.buildpacks.build.metadata': text, 'io.buildpacks.stack.mixins': text }))
        } catch (error) {
          expect(error).toBeInstanceOf(CnbError)
          expect((error as CnbError).code).toBe('CNB_IMAGE_INVALID')
        }
      }
    }),
  )
})
