/** Compares packages of cnb with those of a real pack, at $CNB_TEST_PACK (see pack.test.ts). */

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { PackageInspection } from '../../../src/operations/packages/inspect-package.ts'
import { succeedJson } from '../../support/cnb.ts'
import { buildpackFiles } from '../../support/script-builder.ts'
import { makeWorkbench, writeFiles } from '../../support/workbench.ts'

const PACK = process.env['CNB_TEST_PACK']
const bench = await makeWorkbench()
afterAll(() => bench.clear())

describe.skipIf(PACK === undefined)('compares with a real pack, which', () => {
  it('packages with the labels and layers of cnb, and reads that of cnb', async () => {
    const cwd = await bench.directory({})
    await writeFiles(join(cwd, 'one'), buildpackFiles('test/one', { build: 'true' }))
    await writeFiles(join(cwd, 'all'), {
      'buildpack.toml': 'api = "0.10"\n[buildpack]\nid = "test/all"\nversion = "2"\n[[order]]\n[[order.group]]\nid = "test/one"\nversion = "1.0.0"\noptional = true\n',
      'package.toml': '[buildpack]\nuri = "."\n[[dependencies]]\nuri = "../one"\n',
    })
    const pack = (...args: string[]): string => execFileSync(PACK ?? '', args, { cwd, env: { ...process.env, PACK_HOME: cwd } }).toString()
    pack('buildpack', 'package', 'pack.cnb', '--format', 'file', '--config', 'all/package.toml')
    await succeedJson(['buildpack', 'package', 'cnb.cnb', '--format', 'file', '--config', 'all/package.toml'], { cwd })
    const [theirs, own] = await Promise.all(['pack.cnb', 'cnb.cnb'].map(async (file) => {
      const { main, stacks, modules, order, layers } = await succeedJson<PackageInspection>(['buildpack', 'inspect', file], { cwd })
      return { main, stacks, modules, order, layers: layers.map(({ name, diffId }) => `${name} ${diffId}`).sort() }
    }))
    expect(own).toEqual(theirs)
    const shown = (file: string): string => pack('buildpack', 'inspect', `./${file}`).replaceAll(file, 'FILE')
    expect(shown('cnb.cnb')).toBe(shown('pack.cnb'))
  })
})
