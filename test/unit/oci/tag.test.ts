import { describe, expect, test } from 'vitest'
import { familiarName, parseReference, parseTag, parseTags, type Tag } from '../../../src/oci/reference.ts'

describe('a name for a new image', () => {
  test.each([
    ['my-app', 'my-app:latest'],
    ['reg.example/team/app:1.0', 'reg.example/team/app:1.0'],
  ])('accepts %s', (text, name) => {
    expect(familiarName(parseTag(text))).toBe(name)
  })

  test('is taken once, in any spelling', () => {
    const names = parseTags('r.example/x', ['r.example/x:latest', 'y', 'docker.io/library/y:latest', 'r.example/x:2', 'y'])
    expect(names.map(familiarName)).toEqual(['r.example/x:latest', 'y:latest', 'r.example/x:2'])
  })

  test('has another type than a reference to an existing image, which may have a digest', () => {
    // @ts-expect-error a plan takes tags only
    const tag: Tag = parseReference('my-app')
    expect(tag).toEqual(parseTag('my-app'))
  })

  test.each([
    [`my-app@sha256:${'0'.repeat(64)}`, 'it has a digest', "Use a name with a tag, such as 'my-app:1.0'."],
    [`my-app:1@sha256:${'0'.repeat(64)}`, 'it has a digest', "Use a name with a tag, such as 'my-app:1.0'."],
    [`sha256:${'0'.repeat(64)}`, 'it is an image ID', "Use a name with a tag, such as 'my-app:1.0'."],
    ['0'.repeat(64), 'it is an image ID', "Use a name with a tag, such as 'my-app:1.0'."],
    ['oci:out', 'it names an OCI layout', 'Name the image by a reference; cnb build saves it in a layout with --to oci:DIR.'],
    ['oci:./out:1', 'it names an OCI layout', 'Name the image by a reference; cnb build saves it in a layout with --to oci:DIR.'],
  ])('rejects %s', (text, why, hint) => {
    expect(() => parseTag(text)).toThrow(
      expect.objectContaining({ code: 'CNB_REFERENCE_INVALID', message: `cannot use '${text}' as the name of a new image: ${why}`, hint }),
    )
  })
})
