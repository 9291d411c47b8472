import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ageSince, formatAge } from '../../../../src/ui/resources/age.ts'
import { describeResource } from '../../../../src/ui/resources/describe.ts'
import { evaluateJsonPath } from '../../../../src/ui/resources/json-path.ts'
import { type ResourceRow, resourceList, resourceName } from '../../../../src/ui/resources/resource-row.ts'
import { resourceTable } from '../../../../src/ui/resources/resource-table.ts'
import { durations, groups, inputs } from './golden.ts'

const now = Date.parse('2024-05-01T10:05:00Z')
const lines = (rows: readonly string[]): string => rows.map((row) => `${row}\n`).join('')
const image = (change: object = {}): ResourceRow => ({ apiVersion: 'kpack.io/v1alpha2', kind: 'Image', metadata: { name: 'app' }, ...change })

describe('resourceTable', () => {
  it.each(groups.filter(({ answer }) => answer.table !== ''))('prints $name as kubectl does', ({ objects, answer }) => {
    expect(lines(resourceTable(objects, { now }))).toBe(answer.table)
    expect(lines(resourceTable(objects, { now, namespaces: true }))).toBe(answer.allNamespaces)
    expect(lines(resourceTable(objects, { now, labels: true }))).toBe(answer.labelled)
  })

  it('prints the number of values and the age of the core kinds', () => {
    const metadata = { name: 'x', namespace: 'default', creationTimestamp: '2024-05-01T10:00:00Z' }
    expect(resourceTable([{ apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data: { a: 'YQ==', b: '' } } as ResourceRow], { now })).toEqual(['NAME   TYPE     DATA   AGE', 'x      Opaque   2      5m'])
    expect(resourceTable([{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'x' }, secrets: [{ name: 'a' }] } as ResourceRow], { now })).toEqual(['NAME   SECRETS   AGE', 'x      1         <unknown>'])
    expect(resourceTable([{ apiVersion: 'v1', kind: 'ConfigMap', metadata }], { now })).toEqual(['NAME   DATA   AGE', 'x      0      5m'])
  })

  it('prints nothing for no resources, names with kinds, and no headers', () => {
    expect(resourceTable([], { now })).toEqual([])
    expect(resourceTable([image()], { now, kinds: true, headers: false })).toEqual(['image.kpack.io/app         '])
  })

  it('removes control sequences', () => {
    expect(resourceTable([image({ status: { latestImage: '\u001b]0;x\u0007\u001b[31ma\u202eb', conditions: 'x' } })], { now, headers: false })).toEqual(['app   ab    '])
  })
})

describe('formatAge', () => {
  it.each(durations)('prints $seconds s as $text', ({ seconds, text }) => {
    expect(formatAge(seconds)).toBe(text)
  })

  it('prints an unknown time as such', () => {
    expect([ageSince(undefined, now), ageSince('x', now), ageSince('2024-05-01T10:00:00Z', now)]).toEqual(['<unknown>', '<unknown>', '5m'])
  })
})

describe('describeResource', () => {
  it.each(groups)('prints $name as kubectl does', ({ objects, answer }) => {
    expect(objects.map((resource) => lines(describeResource(resource, { isMissing: () => true })))).toEqual(answer.describe)
  })

  it('never prints the value of a secret', () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' }, type: 'kubernetes.io/service-account-token', data: { token: 'dmFsdWU=' } } as ResourceRow
    expect(describeResource(secret).slice(-1)).toEqual(['token:  5 bytes'])
  })

  it('removes control sequences', () => {
    const hostile = '\u001b[2Ja\tb\u202e'
    const text = describeResource(image({ metadata: { name: hostile, labels: { [hostile]: hostile } }, spec: { [hostile]: hostile, list: [hostile] } })).join('\n')
    expect(text).not.toMatch(/[\u001b\u202e\t]/)
  })
})

describe('resourceName', () => {
  it.each(groups)('names $name as kubectl does', ({ objects, answer }) => {
    expect(lines(objects.map(resourceName))).toBe(answer.names)
  })
})

describe('evaluateJsonPath', () => {
  /** kubectl accepts more, and prints the end of a range that is not closed several times. */
  const others = new Set(['{range .items[*]}{.kind}', '{.items[-1:].metadata.name}', '{..name}', '{.items[0:2].metadata.name}', "{.items[*]['kind','apiVersion']}"])
  const cases = groups.flatMap(({ name, objects, answer }) => inputs.jsonPaths.map((path, index) => ({ name, path, objects, ...answer.jsonPath[index] })))

  it.each(cases.filter(({ path, error }) => !others.has(path) && error === undefined))('evaluates $path for $name as kubectl does', ({ path, objects, text }) => {
    expect(evaluateJsonPath(path, resourceList(objects))).toBe(text)
  })

  it.each(cases.filter(({ path, error, name }) => name === 'Image' && (others.has(path) || error !== undefined)))('refuses $path', ({ path, objects }) => {
    expect(() => evaluateJsonPath(path, resourceList(objects))).toThrow(expect.objectContaining({ code: 'CNB_USAGE' }) as Error)
  })

  it('never throws anything but a coded error', () => {
    const template = fc.string({ unit: fc.constantFrom('{', '}', '.', '[', ']', '*', '?', '(', ')', '@', '$', '=', '"', "'", '\\', 'a', '0', '-', ' ', 'range ', 'end', ',', ':') })
    fc.assert(
      fc.property(template, fc.jsonValue(), (path, value) => {
        try {
          evaluateJsonPath(path, value)
        } catch (error) {
          expect(error).toMatchObject({ code: 'CNB_USAGE' })
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('removes control sequences from values', () => {
    expect(evaluateJsonPath('{.a}', { a: '\u001b[31mx\ny' })).toBe('x\ny')
  })
})
