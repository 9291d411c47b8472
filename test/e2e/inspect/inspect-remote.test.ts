/** Images in a real registry, without an engine; no engine has had most of them. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SbomDownload } from '../../../src/operations/inspect/download-sbom.ts'
import type { BuilderInspection } from '../../../src/operations/builder/inspect-builder.ts'
import type { ImageInspection } from '../../../src/operations/inspect/inspect.ts'
import { runCnb, succeed, succeedJson, type RunOptions } from '../../support/cnb.ts'
import { SBOM_FILES, craftApp } from '../../support/images/crafted-app.ts'
import { docker, inspectImage } from '../../support/engines/docker.ts'
import { pushImage, pushIndex } from '../../support/images/push-image.ts'
import { openClient } from '../../support/registry/registry-client.ts'
import { startRegistry, type Registry } from '../../support/registry/registry.ts'
import { BUILDER, USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const ALONE: RunOptions = { env: { DOCKER_HOST: 'unix:///nonexistent/docker.sock', DOCKER_CONTEXT: undefined } }
const bench = await makeWorkbench()
let registry: Registry
beforeAll(async () => void (registry = await startRegistry()))
afterAll(async () => {
  await bench.clear()
  await registry[Symbol.asyncDispose]()
})

/** Pushes the crafted app for two platforms. Returns the name of the index. */
async function pushApps(): Promise<string> {
  await using client = openClient()
  const name = `${registry.address}/team/crafted:1`
  const app = await craftApp()
  const images = []
  for (const architecture of ['amd64', 'arm64']) {
    images.push(await pushImage(client.registries, name, { ...app, platform: { os: 'linux', architecture } }))
  }
  await pushIndex(client.registries, name, images)
  return name
}

describe('without an engine', () => {
  let name: string
  beforeAll(async () => void (name = await pushApps()))

  it("shows the registry's image, without fields of the engine", async () => {
    const { stdout, stderr } = await succeed(['inspect', name], ALONE)
    for (const word of ['a/node', 'server.js', 'compressed, in its registry', 'linux/arm64']) expect(stdout).toContain(word)
    expect(stderr).not.toMatch(/engine|docker/i)
  })

  it.each(['linux/amd64', 'linux/arm64'])('shows the index and its image for %s', async (platform) => {
    const inspection = await succeedJson<ImageInspection>(['inspect', name, '--remote', '--platform', platform], ALONE)
    expect(inspection).toMatchObject({ source: 'registry', platform, sbom: true, rebasable: true, processes: [{ type: 'web', default: true }, { type: 'worker' }] })
    const own = inspection.index?.platforms.find((other) => other.platform === platform)
    expect(inspection.index?.platforms).toHaveLength(2)
    expect([own?.digest, inspection.id]).toEqual([inspection.digest, `${registry.address}/team/crafted@${inspection.digest}`])
  })

  it('finds an image by its digest', async () => {
    const { stdout } = await succeed(['inspect', name, '--platform', 'linux/arm64', '--quiet'], ALONE)
    expect(await succeedJson<ImageInspection>(['inspect', stdout.trim()], ALONE)).toMatchObject({ id: stdout.trim(), platform: 'linux/arm64' })
  })

  it('reports a platform that the index does not have, with those that it has', async () => {
    const { code, stdout, stderr } = await runCnb(['inspect', name, '--platform', 'linux/s390x'], ALONE)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/CNB_PLATFORM_MISMATCH/)
    expect(stderr).toContain('linux/amd64, linux/arm64')
  })

  it('reports a missing image', async () => {
    expect(await runCnb(['inspect', `${registry.address}/team/none`], ALONE)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('CNB_IMAGE_NOT_FOUND') as unknown })
  })

  it('downloads the bills of materials', async () => {
    const directory = await bench.directory({})
    const { files, source } = await succeedJson<SbomDownload>(['sbom', 'download', name, '--output-dir', directory], ALONE)
    expect(source).toBe('registry')
    expect(files.map(({ path }) => path)).toEqual(Object.keys(SBOM_FILES).map((path) => path.slice(1)))
    for (const [path, text] of Object.entries(SBOM_FILES)) expect(await readFile(join(directory, path), 'utf8')).toBe(text)
  })
})

describe('an image that an engine built and pushed', () => {
  const image = bench.image()
  let pushed: string
  beforeAll(async () => {
    const sbom = '{"bomFormat":"CycloneDX","specVersion":"1.4"}'
    const script = `mkdir "$CNB_LAYERS_DIR/dep"; head -c 300000 /dev/zero >"$CNB_LAYERS_DIR/dep/file"
      printf '[types]\\nlaunch = true\\n' >"$CNB_LAYERS_DIR/dep.toml"
      printf '%s' '${sbom}' >"$CNB_LAYERS_DIR/launch.sbom.cdx.json"
      ${processes({ web: 'echo web', worker: 'echo worker' })}`
    await succeed(['build', image, '--path', await bench.directory(appFiles(script)), ...USING_BUILDER])
    pushed = `${registry.address}/${image}`
    await docker('tag', image, pushed)
    await docker('push', '--quiet', pushed)
    await docker('image', 'rm', pushed)
  })

  it('has the same description in both places, except for sizes', async () => {
    const local = await succeedJson<ImageInspection>(['inspect', image])
    const remote = await succeedJson<ImageInspection>(['inspect', pushed], ALONE)
    const { image: _image, id: _id, source, size, layers, ...same } = local
    expect([source, remote.source]).toEqual(['engine', 'registry'])
    expect(remote).toMatchObject(same)
    expect(remote.layers.map(({ diffId, name, buildpack }) => [diffId, name, buildpack])).toEqual(layers.map(({ diffId, name, buildpack }) => [diffId, name, buildpack]))
    expect(remote.size).toBeUndefined()
    expect(remote.compressedSize).toBeLessThan(size ?? 0)
  })

  it('is read from the registry if the engine no longer has it', async () => {
    expect(await succeedJson<ImageInspection>(['inspect', pushed])).toMatchObject({ source: 'registry' })
    expect(await succeedJson<ImageInspection>(['inspect', image])).toMatchObject({ source: 'engine', id: (await inspectImage(image)).Id })
  })

  it('has the same bills of materials in both places', async () => {
    const [here, there] = [await bench.directory({}), await bench.directory({})]
    const local = await succeedJson<SbomDownload>(['sbom', 'download', image, '--output-dir', here])
    const remote = await succeedJson<SbomDownload>(['sbom', 'download', pushed, '--remote', '--output-dir', there])
    expect([local.source, remote.source]).toEqual(['engine', 'registry'])
    expect(remote.files).toEqual(local.files)
    expect(local.files.length).toBeGreaterThan(0)
    for (const { path } of local.files) expect(await readFile(join(there, path))).toEqual(await readFile(join(here, path)))
  })
})

it('describes a builder in a registry like one on the engine', async () => {
  const pushed = `${registry.address}/team/builder`
  await docker('tag', BUILDER, pushed)
  await docker('push', '--quiet', pushed)
  await docker('image', 'rm', pushed)
  const local = await succeedJson<BuilderInspection>(['builder', 'inspect', BUILDER])
  const remote = await succeedJson<BuilderInspection>(['builder', 'inspect', pushed], ALONE)
  const { builder: _builder, id: _id, source: _source, size: _size, layers, ...same } = local
  expect(remote).toMatchObject(same)
  expect(remote.layers.map(({ name }) => name)).toEqual(layers.map(({ name }) => name))
})
