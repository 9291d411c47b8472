import { expect, test } from 'vitest'
import { parseToml } from '../../../src/formats/toml.ts'
import { layersEntries } from '../../../src/lifecycle/platform-files.ts'
import { phasesOf } from '../../../src/lifecycle/phase.ts'
import { aPlan } from '../../support/plans.ts'

function orderToml(changes: Parameters<typeof aPlan>[0]) {
  const entry = layersEntries(aPlan(changes)).find(({ name }) => name === 'layers/order.toml')
  return entry && parseToml((entry.content as Buffer).toString(), 'order.toml')
}

const buildpacks = [{ group: [{ id: 'some/buildpack', version: '1' }] }]

test("writes the order of buildpacks and extensions only if it replaces the builder's", () => {
  expect(orderToml({})).toBeUndefined()
  expect(orderToml({ order: { buildpacks, extensions: [] } })).toEqual({ order: buildpacks })
  const extensions = [{ group: [{ id: 'some/extension', version: '2' }] }]
  expect(orderToml({ order: { buildpacks, extensions } })).toEqual({ order: buildpacks, 'order-extensions': extensions })
})

test('writes an empty system.toml, which the detector reads, for a build without system buildpacks', () => {
  const plan = aPlan({ withoutSystemBuildpacks: true })
  expect(layersEntries(plan).find(({ name }) => name === 'layers/system.toml')?.size).toBe(0)
  expect(phasesOf(plan).find(({ phase }) => phase === 'detector')?.env).toContain('CNB_SYSTEM_PATH=/layers/system.toml')
  expect(layersEntries(aPlan({})).some(({ name }) => name === 'layers/system.toml')).toBe(false)
})

test("keeps the builder's system buildpacks if the build adds buildpacks", () => {
  const plan = aPlan({ order: { buildpacks, extensions: [] } })
  expect(layersEntries(plan).map(({ name }) => name)).not.toContain('layers/system.toml')
  expect(phasesOf(plan).flatMap(({ env }) => env).filter((variable) => variable.startsWith('CNB_SYSTEM_PATH='))).toEqual([])
})
