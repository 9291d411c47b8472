import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expandOrder, type OrderTree } from '../../../src/buildpacks/order-tree.ts'
import type { Order } from '../../../src/buildpacks/order.ts'

const COMPOSITES: Record<string, Order> = {
  outer: [{ group: [{ id: 'inner', version: '1' }, { id: 'leaf', version: '1', optional: true }] }],
  inner: [{ group: [{ id: 'leaf', version: '1' }] }, { group: [{ id: 'outer', version: '1' }] }],
}
const orderOf = ({ id }: { id: string }): Order | undefined => COMPOSITES[id]

describe('expandOrder', () => {
  test('expands composite buildpacks and marks repeated ancestors', () => {
    expect(expandOrder([{ group: [{ id: 'outer', version: '1' }] }], orderOf)).toEqual([
      {
        buildpacks: [
          {
            id: 'outer',
            version: '1',
            groups: [
              {
                buildpacks: [
                  {
                    id: 'inner',
                    version: '1',
                    groups: [
                      { buildpacks: [{ id: 'leaf', version: '1' }] },
                      { buildpacks: [{ id: 'outer', version: '1', cyclic: true }] },
                    ],
                  },
                  { id: 'leaf', version: '1', optional: true },
                ],
              },
            ],
          },
        ],
      },
    ])
  })

  test.each([[0, 0], [1, 1], [2, 2], [undefined, 2]])('expands at depth %s %i levels', (depth, levels) => {
    const height = (tree: OrderTree): number => Math.max(-1, ...tree.flatMap(({ buildpacks }) => buildpacks.map(({ groups }) => height(groups ?? [])))) + 1
    expect(height(expandOrder([{ group: [{ id: 'outer', version: '1' }] }], orderOf, depth))).toBe(levels + 1)
  })

  test('limits the size of the tree for any graph of composites', () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    const order = fc.array(fc.record({ group: fc.array(fc.record({ id: fc.constantFrom(...ids) }), { maxLength: 8 }) }), { maxLength: 4 })
    const size = (tree: OrderTree): number => tree.reduce((sum, { buildpacks }) => sum + buildpacks.reduce((inner, { groups }) => inner + 1 + size(groups ?? []), 0), 0)
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...ids), order), order, (web, root) => {
        expect(size(expandOrder(root, ({ id }) => web[id]))).toBeLessThan(500_000)
      }),
      { numRuns: 50 },
    )
  })
})
