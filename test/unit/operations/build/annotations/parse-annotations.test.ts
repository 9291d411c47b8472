import { expect, test } from 'vitest'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import { parseAnnotations } from '../../../../../src/operations/build/annotations/parse-annotations.ts'

const registry = { sinks: [{ store: 'registry' as const }], isIndex: false }
const index = { ...registry, isIndex: true }

test('reads annotations of the manifest and of the index; the last of a name wins', () => {
  expect(parseAnnotations([], registry, {})).toBeUndefined()
  expect(parseAnnotations(['a.b=1', 'manifest:c=x=y:z', 'index:d=', 'manifest,index:e=2', 'a.b=3'], index, {})).toEqual({
    manifest: { 'a.b': '3', c: 'x=y:z', e: '2' },
    index: { d: '', e: '2' },
  })
})

test.each([
  ['', 'expected NAME=VALUE'],
  ['name', 'expected NAME=VALUE'],
  ['=value', 'expected NAME=VALUE'],
  ['manifest:=value', 'expected NAME=VALUE'],
  ['index:a=b', 'only a build for several platforms makes an index'],
  ['manifest[linux/amd64]:a=b', "the type 'manifest[linux/amd64]' is neither manifest nor index"],
  ['index-descriptor:a=b', "the type 'index-descriptor' is neither manifest nor index"],
])('refuses %j', (text, cause) => {
  expect(() => parseAnnotations([text], registry, {})).toThrow(expect.objectContaining({ code: 'CNB_USAGE', message: `invalid --annotation '${text}': ${cause}` }) as Error)
})

test('is an error for the engine alone, and a warning for the engine and another place', () => {
  for (const sinks of [[], [{ store: 'engine' as const }]]) expect(() => parseAnnotations(['a=b'], { sinks, isIndex: false }, {})).toThrow(expect.objectContaining({ code: 'CNB_UNSUPPORTED' }) as Error)
  const events: CnbEvent[] = []
  parseAnnotations(['a=b'], { sinks: [{ store: 'engine' }, { store: 'files' }], isIndex: false }, { events: (event) => events.push(event) })
  expect(events).toMatchObject([{ type: 'warning' }])
})
