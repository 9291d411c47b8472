import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import { contextName, familiarName, formatReference, parseReference } from '../../../src/oci/reference.ts'
import { containing } from '../../support/matching.ts'

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
    ['', 'empty'],
    ['A', 'lower case'],
    ['a/B', 'lower case'],
    ['Host/a', 'lower case'],
    ['a b', 'repository'],
    ['a:', 'tag'],
    ['a:-x', 'tag'],
    [`a:${'t'.repeat(129)}`, 'tag'],
    ['a:1:2', 'tag'],
    ['/a', 'repository'],
    ['a//b', 'repository'],
    ['a/', 'repository'],
    ['reg.example/', 'repository'],
    ['-a', 'repository'],
    ['a..b', 'repository'],
    ['a@sha256:00', 'digest'],
    ['a@md5:00', 'digest'],
    ['reg_x.y/a', 'registry host'],
    ['a\n', 'repository'],
    ['a/'.repeat(130) + 'a', 'longer than 255'],
  ])('refuses %j and says why', (text, why) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'CNB_REFERENCE_INVALID', message: containing(why) }))
  })

  test('either refuses a text or gives a reference whose names read back as the same', () => {
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

test("contextName is go-containerregistry's: without tag and digest, Docker Hub under its long name", () => {
  expect(contextName(parseReference('nginx:1'))).toBe('index.docker.io/library/nginx')
  expect(contextName(parseReference(`reg.example/a:1@${digest}`))).toBe('reg.example/a')
})
