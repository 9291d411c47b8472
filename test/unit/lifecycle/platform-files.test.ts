import { expect, test } from 'vitest'
import { parseToml } from '../../../src/formats/toml.ts'
import { layersEntries } from '../../../src/lifecycle/platform-files.ts'
import { aBuilder, aPlan } from '../../support/plans.ts'

function orderToml(changes: Parameters<typeof aPlan>[0]) {
  const entry = layersEntries(aPlan(changes)).find(({ name }) => name === 'layers/order.toml')
  return entry && parseToml((entry.content as Buffer).toString(), 'order.toml')
}

const order = [{ group: [{ id: 'some/buildpack', version: '1' }] }]

test("replaces the builder's order by the user's, and keeps the builder's extensions with their versions", () => {
  expect(orderToml({})).toBeUndefined()
  expect(orderToml({ order })).toEqual({ order })
  const builder = aBuilder({ extensions: [{ id: 'some/extension', version: '2' }], orderExtensions: [{ group: [{ id: 'some/extension' }] }] })
  expect(orderToml({ order, builder })).toEqual({ order, 'order-extensions': [{ group: [{ id: 'some/extension', version: '2' }] }] })
})
