import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import { readBuildMetadata } from '../../../../src/images/labels/build-metadata.ts'
import { labelOf, readJsonLabel } from '../../../../src/images/labels/label-value.ts'
import { readStackMixins } from '../../../../src/images/labels/labels.ts'
import { readLifecycleMetadata } from '../../../../src/images/labels/lifecycle-metadata.ts'
import { matching } from '../../../support/matching.ts'

const image = (labels: Record<string, string>) => ({ reference: 'my/app', labels })

describe('readJsonLabel', () => {
  test('gives undefined for a label that is absent or empty', () => {
    expect(readJsonLabel(image({}), 'x')).toBeUndefined()
    expect(readJsonLabel(image({ x: '' }), 'x')).toBeUndefined()
  })

  test.each([
    ['{', 'is not JSON'],
    ['{} {}', 'is not JSON'],
    [`"${'x'.repeat(32 * 1024 * 1024)}"`, 'is larger than'],
  ])('refuses a label, naming it and its image (%#)', (text, why) => {
    expect(() => readJsonLabel(image({ 'a.label': text }), 'a.label')).toThrow(
      expect.objectContaining({ code: 'CNB_IMAGE_INVALID', message: matching(new RegExp(`a\\.label of image 'my/app' ${why}`)) }),
    )
  })

  test('tells where in the label a type is wrong', () => {
    const value = readJsonLabel(image({ x: '{"a":[{"b":1}]}' }), 'x')
    expect(() => value?.member('a').list()[0]?.member('b').string()).toThrow("'a[0].b' must be a string, not a number")
    expect(() => value?.member('a').member('b')).toThrow("'a' must be an object, not a list")
    expect(() => value?.list()).toThrow('must be a list, not an object')
    expect(() => value?.member('a').list()[0]?.boolean()).toThrow("'a[0]' must be true or false, not an object")
  })

  test('reads what is absent or null as empty', () => {
    const value = readJsonLabel(image({ x: '{"a":null}' }), 'x')
    expect([value?.member('a').string(), value?.member('a').list(), value?.member('b').entries(), value?.member('b').member('c').boolean()]).toEqual(['', [], [], false])
  })

  test('does not take what every object has for a label or a member', () => {
    expect(labelOf(image({}), 'constructor')).toBe('')
    expect(readJsonLabel(image({ x: '{}' }), 'x')?.member('toString').present).toBe(false)
  })
})

test('whatever a label holds, the readers give a result or CNB_IMAGE_INVALID', () => {
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
