/** The packages of two builds of an app, on an engine. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SbomDiff } from '../../../src/operations/sbom/diff-sbom.ts'
import type { ShownSbom } from '../../../src/operations/sbom/show-sbom.ts'
import { runCnb, succeed, succeedJson } from '../../support/cnb.ts'
import { USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
const [older, newer] = [bench.image(), bench.image()]

async function build(image: string, version: string, license: string): Promise<void> {
  const component = (name: string): string => `{"type":"library","name":"${name}","version":"${version}","purl":"pkg:npm/${name}@${version}","licenses":[{"license":{"id":"${license}"}}]}`
  const script = `mkdir "$CNB_LAYERS_DIR/dep"; printf '[types]\\nlaunch = true\\n' >"$CNB_LAYERS_DIR/dep.toml"
    printf '%s' '{"bomFormat":"CycloneDX","specVersion":"1.4","components":[${component('express')}]}' >"$CNB_LAYERS_DIR/dep.sbom.cdx.json"
    ${processes({ web: 'true' })}`
  await succeed(['build', image, '--path', await bench.directory(appFiles(script)), ...USING_BUILDER])
}

beforeAll(async () => {
  await build(older, '1.0.0', 'MIT')
  await build(newer, '2.0.0', 'GPL-3.0-only')
})
afterAll(() => bench.clear())

it('lists packages by buildpack and layer, and fails for a licence', async () => {
  const shown = await succeedJson<ShownSbom>(['sbom', 'show', older])
  expect(shown.packages.find(({ name }) => name === 'npm/express')).toMatchObject({ version: '1.0.0', licenses: ['MIT'], places: [{ layer: 'dep' }] })
  const failed = await runCnb(['sbom', 'show', newer, '--fail-on', 'license=GPL-3.0*'])
  expect(failed).toMatchObject({ code: 4, stdout: expect.stringMatching(/license=GPL-3\.0\* +npm\/express +2\.0\.0 +GPL-3\.0-only/) as string })
})

it('compares packages and licences', async () => {
  const diff = await succeedJson<SbomDiff>(['sbom', 'diff', older, newer])
  expect(diff.packages).toContainEqual({ name: 'npm/express', change: 'changed', from: '1.0.0', to: '2.0.0' })
  expect(diff.licenses).toEqual([{ name: 'npm/express', change: 'changed', from: ['MIT'], to: ['GPL-3.0-only'] }])
})

it('prints the same document for the same image', async () => {
  const [first, second] = await Promise.all([1, 2].map(async () => (await succeed(['sbom', 'convert', older, '--to', 'spdx-json'])).stdout)) as [string, string]
  expect(first).toBe(second)
  expect(JSON.parse(first)).toMatchObject({ spdxVersion: 'SPDX-2.3' })
})
