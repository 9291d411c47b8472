import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseChallenges } from '../../../../src/registry/auth/challenge.ts'

const parsed = (...headers: string[]): unknown => parseChallenges(headers).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])

test.each([
  ['Basic realm="x"', [['basic', { realm: 'x' }]]],
  ['Bearer realm="https://a.example/token",service="s",scope="repository:a:pull,push"',
    [['bearer', { realm: 'https://a.example/token', service: 's', scope: 'repository:a:pull,push' }]]],
  ['Basic realm="a, b", Bearer realm="c"', [['basic', { realm: 'a, b' }], ['bearer', { realm: 'c' }]]],
  ['Negotiate, Basic realm="x"', [['negotiate', {}], ['basic', { realm: 'x' }]]],
  ['Negotiate YWJj==, BEARER  Realm = "x" , Service=s', [['negotiate', { ywjj: '=' }], ['bearer', { realm: 'x', service: 's' }]]],
  ['Bearer realm="a \\"quoted\\" b"', [['bearer', { realm: 'a "quoted" b' }]]],
  ['Bearer realm=https://a.example/token,service=s', [['bearer', { realm: 'https://a.example/token', service: 's' }]]],
  ['Bearer realm="first",realm="second"', [['bearer', { realm: 'first' }]]],
  ['Bearer realm="never closed', [['bearer', { realm: 'never closed' }]]],
  ['realm="of nobody"', []],
  [',,, "', []],
  ['', []],
])('parses %s', (header, challenges) => {
  expect(parsed(header)).toEqual(challenges)
})

test('reads several headers in order', () => {
  expect(parsed('Bearer realm="a"', 'Basic realm="b"')).toEqual([['bearer', { realm: 'a' }], ['basic', { realm: 'b' }]])
})

test('parses any text without an error', () => {
  fc.assert(fc.property(fc.string(), (header) => Array.isArray(parseChallenges([header]))))
  fc.assert(fc.property(fc.array(fc.constantFrom('"', '\\', ',', ' ', '=', 'a', 'Bearer', '/'), { maxLength: 200 }), (parts) => Array.isArray(parseChallenges([parts.join('')]))))
})

test('unquotes values', () => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/)
  const challenge = fc.tuple(name, fc.dictionary(name, fc.string(), { minKeys: 1 }))
  fc.assert(fc.property(fc.array(challenge, { minLength: 1 }), (challenges) => {
    const header = challenges.map(([scheme, parameters]) => {
      const list = Object.entries(parameters).map(([key, value]) => `${key}="${value.replace(/["\\]/g, '\\$&')}"`)
      return `${scheme} ${list.join(', ')}`
    })
    expect(parsed(header.join(', '))).toEqual(challenges.map(([scheme, parameters]) => [scheme, { ...parameters }]))
  }))
})
