/** Two builds of an app, on an engine and in a real registry. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ImageDiff } from '../../../src/operations/diff/diff.ts'
import type { LayerSizes } from '../../../src/operations/inspect/layer-sizes.ts'
import { runCnb, succeed, succeedJson } from '../../support/cnb.ts'
import { docker } from '../../support/engines/docker.ts'
import { startRegistry, type Registry } from '../../support/registry/registry.ts'
import { USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
const [older, newer] = [bench.image(), bench.image()]
let registry: Registry
let pushed: string

async function build(image: string, version: string): Promise<void> {
  const sbom = `{"bomFormat":"CycloneDX","specVersion":"1.4","components":[{"type":"library","name":"express","version":"${version}","purl":"pkg:npm/express@${version}"}]}`
  const script = `for layer in same dep; do mkdir "$CNB_LAYERS_DIR/$layer"; printf '[types]\\nlaunch = true\\n' >"$CNB_LAYERS_DIR/$layer.toml"; done
    echo same >"$CNB_LAYERS_DIR/same/file"; echo ${version} >"$CNB_LAYERS_DIR/dep/file"; touch "$CNB_LAYERS_DIR/dep/only-${version}"
    printf '%s' '${sbom}' >"$CNB_LAYERS_DIR/launch.sbom.cdx.json"
    ${processes({ web: `echo ${version}` })}`
  await succeed(['build', image, '--path', await bench.directory(appFiles(script)), ...USING_BUILDER])
}

beforeAll(async () => {
  registry = await startRegistry()
  await build(older, '1')
  await build(newer, '2')
  pushed = `${registry.address}/${older}`
  await docker('tag', older, pushed)
  await docker('push', '--quiet', pushed)
  await docker('image', 'rm', pushed)
})
afterAll(async () => {
  await bench.clear()
  await registry[Symbol.asyncDispose]()
})

describe('cnb diff', () => {
  it('shows what differs on the engine, and between registry and engine', async () => {
    const local = await succeedJson<ImageDiff>(['diff', older, newer, '--files'])
    const remote = await succeedJson<ImageDiff>(['diff', pushed, newer, '--files'])
    expect([local.from.source, remote.from.source, remote.to.source]).toEqual(['engine', 'registry', 'engine'])
    for (const diff of [local, remote]) {
      expect(diff.identical).toBe(false)
      expect(diff.packages).toEqual([{ name: 'npm/express', change: 'changed', from: '1', to: '2' }])
      expect(diff.layers.find(({ name }) => name === 'dep')).toMatchObject({ buildpack: 'test/script', change: 'changed' })
      expect(diff.layers.find(({ name }) => name === 'same')).toMatchObject({ change: 'reused' })
      const dep = diff.files?.filter(({ name }) => name.startsWith('layers/test_script/dep/')).map(({ name, change }) => [name.split('/').at(-1), change])
      expect(dep).toEqual([['file', 'changed'], ['only-1', 'removed'], ['only-2', 'added']])
    }
    expect(remote.files).toEqual(local.files)
  })

  it('says that an image and its copy in a registry are identical', async () => {
    const { code, stdout } = await runCnb(['diff', pushed, older, '--exit-code', '--quiet'])
    expect([code, stdout]).toEqual([0, 'identical: same layers and configuration\n'])
    expect((await runCnb(['diff', older, newer, '--exit-code'])).code).toBe(1)
    expect((await runCnb(['diff', older, 'cnb-e2e/no-such', '--exit-code'])).code).toBe(2)
  })

  it('prints Markdown for a summary', async () => {
    expect((await succeed(['diff', older, newer, '--output', 'markdown'])).stdout).toContain('| changed | `npm/express` | `1` | `2` |')
  })
})

it('adds up the sizes of the layers by maker in both places', async () => {
  const [local, remote] = [await succeedJson<LayerSizes>(['inspect', older, '--layers']), await succeedJson<LayerSizes>(['inspect', pushed, '--layers'])]
  expect(remote.makers.map(({ kind, name }) => [kind, name])).toEqual(local.makers.map(({ kind, name }) => [kind, name]))
  expect(remote.makers.reduce((sum, { compressedSize = NaN }) => sum + compressedSize, 0)).toBe(remote.compressedSize)
})
