/** What `cnb rebase --publish` stores is what the lifecycle's own rebaser would have: the binary of the sample builder, in no container. */

import { execFile } from 'node:child_process'
import { readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../src/base/files.ts'
import { parseToml } from '../../src/formats/toml.ts'
import type { ImageManifest } from '../../src/oci/manifest.ts'
import { succeed } from '../support/cnb.ts'
import { getBlob, getDocument, makeLayer, putApp, putIndex, putRunImage } from '../support/registry-images.ts'
import { startRegistry, type Registry } from '../support/registry.ts'

/** Made by builders/sample/prepare; it is the phase that it is called as. */
const LIFECYCLE = join(import.meta.dirname, '../../builders/sample/lifecycle/out/lifecycle/lifecycle')
const OLD = [makeLayer('system'), makeLayer('old patches')]
const NEW = [makeLayer('system'), makeLayer('new patches')]
const OWN = [makeLayer('dependency'), makeLayer('launcher'), makeLayer('app')]
const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'amd64'
const PLATFORM = { os: 'linux', architecture: ARCHITECTURE }
const BASE_LABELS = { 'io.buildpacks.base.distro.name': 'debian', 'io.buildpacks.base.distro.version': '12', 'io.buildpacks.stack.id': 'test', other: 'x' }

let registry: Registry
let directory: TemporaryDirectory

beforeAll(async () => {
  directory = await makeTemporaryDirectory('cnb-e2e-stock-')
  await symlink(LIFECYCLE, join(directory.path, 'rebaser'))
  registry = await startRegistry()
  for (const name of ['run', 'other']) await putRunImage(registry, name, 'latest', { layers: NEW, platform: PLATFORM, labels: BASE_LABELS })
  const child = await putRunImage(registry, 'index', 'child', { layers: NEW, platform: PLATFORM, labels: BASE_LABELS })
  await putIndex(registry, 'index', 'latest', [{ ...child, platform: PLATFORM }])
})

afterAll(async () => {
  await registry[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
})

/** The configuration's bytes and the layers' digests. */
async function stored(repository: string): Promise<{ config: string; layers: string[]; digest: string }> {
  const found = await getDocument<ImageManifest>(registry, repository, '1')
  if (!found) throw new Error(`no ${repository}`)
  const { config, layers } = found.document
  return { config: (await getBlob(registry, repository, config.digest)).toString(), layers: layers.map(({ digest }) => digest), digest: found.digest }
}

describe('the same app, rebased by both', () => {
  it.each([
    ['onto its run image', 'run', 'run', []],
    ['onto the image of an index for its platform', 'index', 'index', []],
    ['by force onto one that it does not know', 'run', 'other', ['force']],
  ])('%s: one configuration, byte for byte, and the same layers', async (_, built, onto, force) => {
    const [ours, theirs] = [`ours-${built}-${onto}`, `theirs-${built}-${onto}`]
    const labels = { ...BASE_LABELS, 'io.buildpacks.stack.id': 'old', more: 'ü<&>' }
    const runImage = `${registry.address}/${built}`
    for (const name of [ours, theirs]) await putApp(registry, name, '1', { base: OLD, own: OWN, runImage, labels, mirrors: ['mirror.example/run'], platform: PLATFORM })
    const report = join(directory.path, `${theirs}.toml`)
    await promisify(execFile)(
      join(directory.path, 'rebaser'),
      ['-run-image', `${registry.address}/${onto}`, '-report', report, ...force.map((flag) => `-${flag}`), `${registry.address}/${theirs}:1`],
      { env: { ...process.env, CNB_PLATFORM_API: '0.14', CNB_REGISTRY_AUTH: '{}' } },
    )
    const own = ['--run-image', `${registry.address}/${onto}`, '--report-output-dir', join(directory.path, ours), ...force.map((flag) => `--${flag}`)]
    await succeed(['rebase', '--publish', `${registry.address}/${ours}:1`, ...own])
    const [made, expected] = [await stored(ours), await stored(theirs)]
    expect(made.config).toBe(expected.config)
    expect(made.layers).toEqual(expected.layers)
    const reports = await Promise.all([join(directory.path, ours, 'report.toml'), report].map(async (path) => parseToml(await readFile(path, 'utf8'), path)))
    expect(reports).toEqual([
      { image: { tags: [`${registry.address}/${ours}:1`], digest: made.digest, 'manifest-size': expect.any(Number) as unknown } },
      { image: { tags: [`${registry.address}/${theirs}:1`], digest: expected.digest, 'manifest-size': expect.any(Number) as unknown } },
    ])
  })
})
