import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { resolveOrder, surroundOrder, type GroupEntry, type Order } from '../../../src/buildpacks/order.ts'

const AVAILABLE = [{ id: 'a', version: '1' }, { id: 'b', version: '1' }, { id: 'b', version: '2' }]
const one = (entry: GroupEntry): Order => [{ group: [entry] }]

describe('resolveOrder', () => {
  test('selects the only version', () => {
    expect(resolveOrder(one({ id: 'a', optional: true }), AVAILABLE)).toEqual(one({ id: 'a', version: '1', optional: true }))
  })

  test('selects a specified version', () => {
    expect(resolveOrder(one({ id: 'b', version: '2' }), AVAILABLE)).toEqual(one({ id: 'b', version: '2' }))
  })

  test.each([
    [{ id: 'x' }, /the builder has no buildpack 'x'/],
    [{ id: 'b' }, /several versions of buildpack 'b', and none is specified/],
    [{ id: 'b', version: '3' }, /the builder has no version '3' of buildpack 'b'/],
  ])('rejects %j', (entry, message) => {
    const expected = { code: 'CNB_BUILDPACK_NOT_FOUND', message: expect.stringMatching(message) as string }
    expect(() => resolveOrder(one(entry), AVAILABLE)).toThrow(expect.objectContaining(expected) as Error)
  })

  test('counts a repeated buildpack as one version', () => {
    expect(resolveOrder(one({ id: 'a' }), [...AVAILABLE, { id: 'a', version: '1' }])).toEqual(one({ id: 'a', version: '1' }))
  })
})

const entry: fc.Arbitrary<GroupEntry> = fc.record({ id: fc.constantFrom('a', 'b', 'c'), version: fc.constantFrom(undefined, '1', '2'), optional: fc.boolean() })
const orders = fc.array(fc.record({ group: fc.array(entry) }))

test('keeps groups, ids and optional marks, and selects an existing version for every entry', () => {
  const available = ['a', 'b', 'c'].map((id) => ({ id, version: '1' }))
  fc.assert(
    fc.property(orders, (order) => {
      const wanted = order.map(({ group }) => ({ group: group.filter(({ version }) => version !== '2') }))
      const resolved = resolveOrder(wanted, available)
      expect(resolved).toEqual(wanted.map(({ group }) => ({ group: group.map((item) => ({ ...item, version: '1' })) })))
      expect(resolveOrder(resolved, available)).toEqual(resolved)
    }),
  )
})

describe('surroundOrder', () => {
  test('adds pre and post to every group', () => {
    const order = [{ group: [{ id: 'a' }] }, { group: [{ id: 'b' }] }]
    expect(surroundOrder(order, [{ id: 'pre' }], [{ id: 'post' }])).toEqual([
      { group: [{ id: 'pre' }, { id: 'a' }, { id: 'post' }] },
      { group: [{ id: 'pre' }, { id: 'b' }, { id: 'post' }] },
    ])
  })

  test('keeps the order of the group, and adds nothing a second time', () => {
    const versioned = fc.array(entry)
    fc.assert(
      fc.property(orders, versioned, versioned, (order, pre, post) => {
        const once = surroundOrder(order, pre, post)
        expect(once).toHaveLength(order.length)
        once.forEach(({ group }, index) => {
          const inner = order[index]?.group ?? []
          expect(group.filter((item) => inner.includes(item))).toEqual(inner)
          for (const added of [...pre, ...post]) expect(group.some(({ id }) => id === added.id)).toBe(true)
        })
        expect(surroundOrder(once, pre, post)).toEqual(once)
      }),
    )
  })
})
