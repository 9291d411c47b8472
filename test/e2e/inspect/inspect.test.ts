import { parse as parseYaml } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseToml } from '../../../src/formats/toml.ts'
import type { BuilderInspection } from '../../../src/operations/builder/inspect-builder.ts'
import type { ImageInspection } from '../../../src/operations/inspect/inspect.ts'
import { runCnb, succeed, succeedJson } from '../../support/cnb.ts'
import { loadCraftedImage } from '../../support/images/crafted-image.ts'
import { inspectImage } from '../../support/engines/docker.ts'
import { BUILDER, SAMPLE_RUN_IMAGE, USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())
const image = bench.image()

beforeAll(async () => {
  const script = `mkdir "$CNB_LAYERS_DIR/dep"; head -c 3000000 /dev/zero >"$CNB_LAYERS_DIR/dep/file"
    printf '[types]\\nlaunch = true\\n' >"$CNB_LAYERS_DIR/dep.toml"
    echo '{"bomFormat":"CycloneDX","specVersion":"1.4"}' >"$CNB_LAYERS_DIR/launch.sbom.cdx.json"
    ${processes({ web: 'echo web', worker: 'echo worker' })}`
  await succeed(['build', image, '--path', await bench.directory(appFiles(script)), ...USING_BUILDER])
})

describe('cnb inspect', () => {
  it('describes an image as JSON', async () => {
    const inspection = await succeedJson<ImageInspection>(['inspect', image])
    const [app, run] = await Promise.all([inspectImage(image), inspectImage(SAMPLE_RUN_IMAGE)])
    expect(inspection).toMatchObject({
      id: app.Id,
      rebasable: true,
      sbom: true,
      buildpacks: [{ id: 'test/script', version: '1.0.0' }],
      baseImage: { topLayer: run.RootFS.Layers.at(-1) },
      processes: [{ type: 'web', default: true }, { type: 'worker', default: false }],
    })
    expect(inspection.runImages.map(({ name }) => name).join()).toContain(SAMPLE_RUN_IMAGE)
    expect(inspection.layers.map(({ diffId }) => diffId)).toEqual(app.RootFS.Layers)
    const dependency = inspection.layers.find(({ name }) => name === 'dep')
    expect(dependency?.buildpack).toBe('test/script@1.0.0')
    expect(dependency?.size).toBeGreaterThanOrEqual(3_000_000)
  })

  it('describes it as YAML and as TOML', async () => {
    const json = await succeedJson<ImageInspection>(['inspect', image])
    const [yaml, toml] = await Promise.all(['yaml', 'toml'].map((format) => succeed(['inspect', image, '--output', format])))
    expect(parseYaml(yaml?.stdout ?? '')).toEqual(json)
    expect(JSON.parse(JSON.stringify(parseToml(toml?.stdout ?? '', 'stdout')))).toEqual(json)
  })

  it('prints processes, buildpacks and layers for people', async () => {
    const { stdout } = await succeed(['inspect', image])
    for (const word of ['test/script', 'worker', 'echo worker', 'dep', SAMPLE_RUN_IMAGE]) expect(stdout).toContain(word)
  })

  it('refuses an image that was not built by buildpacks, and a missing one', async () => {
    const other = bench.image()
    await loadCraftedImage(other, {})
    expect(await runCnb(['inspect', other])).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('CNB_IMAGE_INVALID') as unknown })
    expect(await runCnb(['inspect', 'cnb-e2e/no-such'])).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('CNB_IMAGE_NOT_FOUND') as unknown })
  })

  it('removes control characters of hostile labels on a terminal', async () => {
    const hostile = bench.image()
    const { Labels: labels } = (await inspectImage(image)).Config
    const build = JSON.parse(labels?.['io.buildpacks.build.metadata'] ?? '{}') as { buildpacks: { id: string }[] }
    build.buildpacks[0] = { ...build.buildpacks[0], id: 'evil\u001b[2J\u0007' }
    await loadCraftedImage(hostile, { labels: { ...labels, 'io.buildpacks.build.metadata': JSON.stringify(build) } })
    const { stdout, stderr } = await runCnb(['inspect', hostile])
    for (const character of ['\u001b', '\u0007']) expect(stdout + stderr).not.toContain(character)
  })
})

describe('cnb builder inspect', () => {
  it('describes a builder as JSON', async () => {
    const inspection = await succeedJson<BuilderInspection>(['builder', 'inspect', BUILDER])
    const { Id: id, RootFS } = await inspectImage(BUILDER)
    expect(inspection).toMatchObject({
      id,
      description: 'runs what the app says',
      user: { uid: 1001, gid: 1000 },
      lifecycle: { version: '0.21.0' },
      buildpacks: [{ id: 'test/script', version: '1.0.0' }],
      order: [{ buildpacks: [{ id: 'test/script' }] }],
    })
    expect(inspection.lifecycle.platformApis.supported).toContain('0.15')
    expect(inspection.runImages.map((run) => run.image).join()).toContain(SAMPLE_RUN_IMAGE)
    expect(inspection.layers.map(({ diffId }) => diffId)).toEqual(RootFS.Layers)
  })

  it('describes it as YAML, as TOML and for people', async () => {
    const json = await succeedJson<BuilderInspection>(['builder', 'inspect', BUILDER])
    const [yaml, toml, human] = await Promise.all(['yaml', 'toml', 'human'].map((format) => succeed(['builder', 'inspect', BUILDER, '--output', format])))
    expect(parseYaml(yaml?.stdout ?? '')).toEqual(json)
    expect(JSON.parse(JSON.stringify(parseToml(toml?.stdout ?? '', 'stdout')))).toEqual(json)
    for (const word of ['test/script', '0.21.0', SAMPLE_RUN_IMAGE]) expect(human?.stdout).toContain(word)
  })

  it('refuses an image that is not a builder', async () => {
    expect(await runCnb(['builder', 'inspect', SAMPLE_RUN_IMAGE])).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('CNB_BUILDER_INVALID') as unknown })
  })
})
