import { expect, test } from 'vitest'
import { compareLabels } from '../../../../src/operations/diff/label-changes.ts'

const changes = (from: string, to: string) => compareLabels({ label: from }, { label: to })

test('compares JSON by its content, not by its text', () => {
  expect(changes('{"a":1,"b":[1,2]}', '{ "b": [1, 2], "a": 1 }')).toEqual([])
  expect(changes('{"a":{"b":[1,{"c":"x"}]},"d":1}', '{"a":{"b":[1,{"c":"y"}]},"e":null}')).toEqual([
    { name: 'label', change: 'changed', values: [{ path: 'a.b[1].c', from: 'x', to: 'y' }, { path: 'd', from: 1 }, { path: 'e', to: null }] },
  ])
  expect(changes('[]', '{}')).toMatchObject([{ values: [{ path: '', from: [], to: {} }] }])
})

test('compares other labels as texts', () => {
  expect(compareLabels({ a: '1', b: 'x', c: '{' }, { a: '1', c: '{}', d: '' })).toEqual([
    { name: 'b', change: 'removed', from: 'x' },
    { name: 'c', change: 'changed', from: '{', to: '{}' },
    { name: 'd', change: 'added', to: '' },
  ])
})

test('lists some of many differences', () => {
  const [change] = changes(JSON.stringify(Array(1000).fill(1)), JSON.stringify(Array(1000).fill(2)))
  expect([change?.values?.length, change?.more]).toEqual([50, 950])
})

test('compares JSON that nests too deeply as text', () => {
  const deep = (inner: string) => '['.repeat(50_000) + inner + ']'.repeat(50_000)
  expect(changes(deep('1'), deep('2'))).toEqual([{ name: 'label', change: 'changed', from: deep('1'), to: deep('2') }])
})
