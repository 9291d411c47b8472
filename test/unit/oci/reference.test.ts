import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import { contextName, familiarName, formatReference, parseReference } from '../../../src/oci/reference.ts'
import { containing, matching } from '../../support/matching.ts'

const digest = `sha256:${'0'.repeat(64)}` as const

describe('parseReference', () => {
  test.each([
    ['nginx', 'docker.io/library/nginx:latest', 'nginx:latest'],
    ['library/nginx:1', 'docker.io/library/nginx:1', 'nginx:1'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest', 'nginx:latest'],
    ['index.docker.io/a/b', 'docker.io/a/b:latest', 'a/b:latest'],
    ['a/b:T-1.x_y', 'docker.io/a/b:T-1.x_y', 'a/b:T-1.x_y'],
    ['localhost/a', 'localhost/a:latest', 'localhost/a:latest'],
    ['localhost:5000/a', 'localhost:5000/a:latest', 'localhost:5000/a:latest'],
    ['[::1]:5000/a/b', '[::1]:5000/a/b:latest', '[::1]:5000/a/b:latest'],
    ['reg.example:80/a__b/c---d:1', 'reg.example:80/a__b/c---d:1', 'reg.example:80/a__b/c---d:1'],
    [`a@${digest}`, `docker.io/library/a@${digest}`, `a@${digest}`],
    [`reg.example/a:1@${digest}`, `reg.example/a:1@${digest}`, `reg.example/a:1@${digest}`],
  ])('reads %s', (text, full, familiar) => {
    const reference = parseReference(text)
    expect([formatReference(reference), familiarName(reference)]).toEqual([full, familiar])
  })

  test.each([
    ['', 'it is empty'],
    ['A', "'A' contains upper-case letters", "Use lower case: 'a'."],
    ['a/B:Tag', "'a/B' contains upper-case letters", "Use lower case: 'a/b:Tag'."],
    ['Host/a', "'Host/a' contains upper-case letters", "Use lower case: 'host/a'."],
    ['Reg.example/A', "'A' contains upper-case letters", "Use lower case: 'Reg.example/a'."],
    ['A B', 'it contains a space'],
    [' a', 'it contains a space'],
    ['A\tB', 'it contains a tab'],
    ['a\n', 'it contains a line break'],
    ['a\u0007', 'it contains U+0007'],
    ['a\u200b', 'it contains U+200B'],
    ['äpp', "it contains 'ä'"],
    ['a$b', "it contains '$'"],
    ['A*', "it contains '*'"],
    ['https://reg.example/app', "it begins with 'https://'", "Remove 'https://'."],
    ['docker://app', "it begins with 'docker://'", "Remove 'docker://'."],
    ['oci:./out', 'it is an OCI layout', /layout is not supported/],
    ['.', 'it is a path', /--path/],
    ['./app', 'it is a path', /--path/],
    ['../a', 'it is a path', /--path/],
    ['/a', 'it is a path', /--path/],
    ['~/app', 'it is a path', /--path/],
    ['C:\\app', 'it is a path', /--path/],
    ['a:', "the tag after ':' is missing"],
    [':1', 'the name before the tag is missing'],
    ['a:-x', "the tag '-x' begins with '-'"],
    ['a:1+2', "the tag '1+2' contains '+'"],
    ['reg.example//a', "it contains '//'"],
    ['a/b:1/c', "the tag '1/c' contains '/'"],
    [`a:${'t'.repeat(129)}`, 'the tag is longer than 128 characters'],
    ['a:1:2', 'it has more than one tag'],
    ['reg.example:80/a:1:2', 'it has more than one tag'],
    ['a//b', "it contains '//'"],
    ['a/', "it ends with '/'"],
    ['reg.example/', "the repository after 'reg.example/' is missing"],
    ['localhost:5000/', "the repository after 'localhost:5000/' is missing"],
    ['-a', "'-a' begins with '-'"],
    ['a/b_', "'b_' ends with '_'"],
    ['a..b', "'a..b' contains '..'; allowed"],
    ['a._b', "'a._b' contains '._'; allowed"],
    ['a@', "the digest after '@' is missing"],
    ['@sha256:00', "the name before '@' is missing"],
    ['a@sha256:00', 'its digest has 2 hexadecimal digits instead of 64'],
    [`a@sha256:${'0'.repeat(65)}`, 'its digest has 65 hexadecimal digits instead of 64'],
    [`a@sha256:${'A'.repeat(64)}`, "its digest contains 'A'"],
    [`a@sha256:${'g'.repeat(64)}`, "its digest contains 'g'"],
    ['a@md5:00', "its digest uses 'md5'; only sha256 is supported"],
    ['a@latest', "'latest' is not a digest"],
    ['user@reg.example/app', "'reg.example/app' is not a digest"],
    [`a@${digest}@${digest}`, "it has more than one '@'"],
    ['reg_x.y/a', "'reg_x.y' is not a host"],
    ['-reg.example/a', "'-reg.example' is not a host"],
    ['reg.example:port/a', "'port' is not a port"],
    ['reg.example:/a', "the port after 'reg.example:' is missing"],
    [':5000/a', "the host before ':5000' is missing"],
    ['a/'.repeat(130) + 'a', 'it is longer than 255'],
    ['a'.repeat(250), 'it is longer than 255'],
  ])('rejects %j and reports the fault', (text, why, hint: string | RegExp = /^Use \[registry\/\]repository/) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({ code: 'CNB_REFERENCE_INVALID', message: containing(`'${text}' is not an image reference: ${why}`), hint: typeof hint === 'string' ? hint : matching(hint) }),
    )
  })

  test('reports only long names as too long, and suggests only valid names', () => {
    const parts = fc.array(fc.constantFrom('a', 'B', '.', '_', '-', '/', ':', '@', '5', 'sha256:', digest, ' ', '$', 'reg.example', 'localhost', '~', '\\', '[::1]'), { maxLength: 8 })
    fc.assert(
      fc.property(fc.oneof(parts.map((each) => each.join('')), fc.string()), (text) => {
        const caught = ((): CnbError | undefined => {
          try {
            parseReference(text)
          } catch (error) {
            return error as CnbError
          }
          return undefined
        })()
        if (caught === undefined || text.length > 180) return
        expect(caught.message).not.toContain('longer than 255')
        const proposed = /^Use lower case: '(.*)'\.$/.exec(caught.hint ?? '')?.[1]
        if (proposed !== undefined) parseReference(proposed)
      }),
      { numRuns: 2000 },
    )
  })

  test('rejects a text, or returns a reference with names that read back equal', () => {
    const textual = fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9._:/@-]{1,40}$/))
    fc.assert(
      fc.property(textual, (text) => {
        let reference
        try {
          reference = parseReference(text)
        } catch (error) {
          expect(error).toBeInstanceOf(CnbError)
          return
        }
        expect(parseReference(formatReference(reference))).toEqual(reference)
        expect(parseReference(familiarName(reference))).toEqual(reference)
      }),
    )
  })
})

test("formats contextName like go-containerregistry: no tag or digest, Docker Hub's long name", () => {
  expect(contextName(parseReference('nginx:1'))).toBe('index.docker.io/library/nginx')
  expect(contextName(parseReference(`reg.example/a:1@${digest}`))).toBe('reg.example/a')
})
