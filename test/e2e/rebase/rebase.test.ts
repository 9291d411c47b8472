import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseToml } from '../../../src/formats/toml.ts'
import type { RebaseResult } from '../../../src/operations/rebase/rebase-result.ts'
import { runCnb, succeed, succeedJson } from '../../support/cnb.ts'
import { loadCraftedImage } from '../../support/images/crafted-image.ts'
import { docker, imageId, inspectImage, runImage } from '../../support/engines/docker.ts'
import { SAMPLE_RUN_IMAGE, TRUSTED, USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

const NEVER = ['--pull-policy', 'never'] as const
const METADATA = 'io.buildpacks.lifecycle.metadata'
const base = bench.image()
let app = ''

/** Loads a run image like the sample's under `name`, with `version` in /etc/base-version. */
async function makeBase(name: string, version: string, ...changes: string[]): Promise<void> {
  const container = await docker('create', '--user', 'root', '--entrypoint', 'bash', SAMPLE_RUN_IMAGE, '-c', `echo ${version} >/etc/base-version`)
  await docker('start', '--attach', container)
  const settings = ['ENTRYPOINT []', 'CMD []', 'USER 1002:1000', ...changes].flatMap((change) => ['--change', change])
  await docker('commit', ...settings, container, name)
  await docker('rm', container)
}

/** The run images that `base` switches between, each made once. */
const bases = { 1: bench.image(), 2: bench.image() } as const
const builtOnce = bench.image()

/** Sets the run image to that version. */
async function moveBaseTo(version: keyof typeof bases): Promise<void> {
  await docker('tag', bases[version], base)
}

/** An app image on the first run image. It prints the base's version and the content of its launch layer. */
async function appOnFirstBase(): Promise<string> {
  const image = bench.image()
  await moveBaseTo(1)
  await docker('tag', builtOnce, image)
  return image
}

const rebase = (image: string, ...options: string[]): Promise<RebaseResult> => succeedJson<RebaseResult>(['rebase', image, ...NEVER, ...options])

beforeAll(async () => {
  const script = `if [ -f "$CNB_LAYERS_DIR/dep.toml" ]; then echo "kept the layer"; else mkdir "$CNB_LAYERS_DIR/dep"; echo dependency >"$CNB_LAYERS_DIR/dep/file"; fi
    printf '[types]\\nlaunch = true\\n' >"$CNB_LAYERS_DIR/dep.toml"
    ${processes({ web: 'cat /etc/base-version /layers/test_script/dep/file' })}`
  app = await bench.directory(appFiles(script))
  await makeBase(bases[1], '1')
  await makeBase(bases[2], '2')
  await moveBaseTo(1)
  await succeed(['build', builtOnce, '--path', app, ...USING_BUILDER, TRUSTED, '--run-image', base])
})

describe('a rebase', () => {
  it('moves the app to its new run image, and keeps its own layers and configuration', async () => {
    const image = await appOnFirstBase()
    const before = await inspectImage(image)
    const oldBase = await inspectImage(base)
    await moveBaseTo(2)
    const newBase = await inspectImage(base)

    const result = await rebase(image)
    const after = await inspectImage(image)
    expect(result).toMatchObject({ changed: true, id: after.Id })
    expect(await runImage(image)).toBe('2\ndependency')
    expect(after.RootFS.Layers).toEqual([...newBase.RootFS.Layers, ...before.RootFS.Layers.slice(oldBase.RootFS.Layers.length)])
    expect(after.Config).toMatchObject({ Env: before.Config.Env, Entrypoint: before.Config.Entrypoint, WorkingDir: before.Config.WorkingDir, User: before.Config.User })
    expect(after.Created).toBe('1980-01-01T00:00:01Z')
    const metadata = JSON.parse(after.Config.Labels?.[METADATA] ?? '') as { runImage: { topLayer: string; reference: string } }
    expect(metadata.runImage).toMatchObject({ topLayer: newBase.RootFS.Layers.at(-1), reference: expect.stringContaining(newBase.Id.replace('sha256:', '')) as unknown })
  })

  it('changes nothing the second time', async () => {
    const image = await appOnFirstBase()
    await moveBaseTo(2)
    const first = await rebase(image)
    expect(await rebase(image)).toMatchObject({ changed: false, id: first.id })
    expect(await imageId(image)).toBe(first.id)
  })

  it('makes one image ID of two equal apps', async () => {
    const [one, other] = [await appOnFirstBase(), bench.image()]
    await docker('tag', one, other)
    await moveBaseTo(2)
    expect((await rebase(other)).id).toBe((await rebase(one)).id)
  })

  it('keeps the layers for a rebuild', async () => {
    const image = await appOnFirstBase()
    await moveBaseTo(2)
    const { id } = await rebase(image)
    const { stderr } = await succeed(['build', image, '--path', app, ...USING_BUILDER, TRUSTED, '--run-image', base])
    expect(stderr).toContain('kept the layer')
    expect((await inspectImage(image)).RootFS.Layers).toEqual((await inspectImage(id)).RootFS.Layers)
  })

  it('creates a new image from a --previous-image, which stays', async () => {
    const [image, copy] = [await appOnFirstBase(), bench.image()]
    const id = await imageId(image)
    await moveBaseTo(2)
    await rebase(copy, '--previous-image', image)
    expect(await runImage(copy)).toBe('2\ndependency')
    expect(await imageId(image)).toBe(id)
  })

  it('writes a report to --report-output-dir', async () => {
    const [image, out] = [await appOnFirstBase(), join(bench.path, 'report')]
    await moveBaseTo(2)
    const { id } = await rebase(image, '--report-output-dir', out)
    const report = parseToml(await readFile(join(out, 'report.toml'), 'utf8'), 'report.toml') as { image?: { tags?: string[]; 'image-id'?: string; 'manifest-size'?: number } }
    expect(report.image?.tags?.join()).toContain(image)
    expect(id).toContain(report.image?.['image-id']?.replace('sha256:', ''))
    expect(report.image?.['manifest-size']).toBeGreaterThan(0)
  })

  it('prints one line with --quiet', async () => {
    const image = await appOnFirstBase()
    await moveBaseTo(2)
    const { stdout, stderr } = await succeed(['rebase', image, ...NEVER, '--quiet'])
    expect(stdout).toMatch(/^(\S+@)?sha256:[0-9a-f]{64}\n$/)
    expect(await imageId(stdout.trim())).toBe(await imageId(image))
    expect(stderr).toBe('')
  })
})

describe('a refused rebase', () => {
  /** Rebases and expects a refusal that leaves the image unchanged. */
  async function refuse(image: string, options: string[], exit: number, code: string, word: string | RegExp): Promise<void> {
    const id = await imageId(image)
    const result = await runCnb(['rebase', image, ...NEVER, ...options])
    expect(result.stderr).toContain(code)
    expect(result.stderr).toMatch(word)
    expect(result).toMatchObject({ code: exit, stdout: '' })
    expect(await imageId(image)).toBe(id)
  }

  it('rejects a run image of another name, unless forced', async () => {
    const [image, other] = [await appOnFirstBase(), bench.image()]
    await makeBase(other, '3')
    await refuse(image, ['--run-image', other], 72, 'CNB_NOT_REBASABLE', '--force')
    expect(await rebase(image, '--run-image', other, '--force')).toMatchObject({ changed: true })
    expect(await runImage(image)).toBe('3\ndependency')
  })

  it('rejects another tag, unless forced, and stays on a forced tag', async () => {
    const [image, next] = [await appOnFirstBase(), `${base}:next`]
    await makeBase(next, '4')
    await refuse(image, ['--run-image', next], 72, 'CNB_NOT_REBASABLE', /records the new name/)
    await rebase(image, '--run-image', next, '--force')
    expect(await rebase(image)).toMatchObject({ runImage: next, changed: false })
    expect(await runImage(image)).toBe('4\ndependency')
  })

  it('rejects an image that is marked as not rebasable, unless forced', async () => {
    await makeBase(base, '1', 'LABEL io.buildpacks.rebasable=false')
    const image = bench.image()
    await succeed(['build', image, '--path', app, ...USING_BUILDER, TRUSTED, '--run-image', base])
    await moveBaseTo(2)
    await refuse(image, [], 72, 'CNB_NOT_REBASABLE', 'rebasable')
    await rebase(image, '--force')
    expect(await runImage(image)).toBe('2\ndependency')
  })

  it('rejects another architecture, unless forced', async () => {
    const image = await appOnFirstBase()
    await loadCraftedImage(base, { architecture: process.arch === 'arm64' ? 'amd64' : 'arm64' })
    const result = await runCnb(['rebase', image, ...NEVER])
    expect(result.stderr).toMatch(/CNB_(NOT_REBASABLE|PLATFORM_MISMATCH)/)
    expect(result.code).not.toBe(0)
  })

  it('rejects another distribution, unless forced', async () => {
    const image = await appOnFirstBase()
    await makeBase(base, '2', 'LABEL io.buildpacks.base.distro.version=99')
    await refuse(image, [], 72, 'CNB_NOT_REBASABLE', '99')
    await rebase(image, '--force')
    expect(await runImage(image)).toBe('2\ndependency')
  })

  it('rejects an image that was not built by buildpacks', async () => {
    const image = bench.image()
    await loadCraftedImage(image, {})
    const result = await runCnb(['rebase', image, ...NEVER])
    expect(result.stderr).toMatch(/CNB_(IMAGE_INVALID|NOT_REBASABLE)/)
    expect(result.code).not.toBe(0)
  })

  it('rejects an image without the top layer that its metadata names', async () => {
    const image = bench.image()
    const metadata = { runImage: { topLayer: `sha256:${'0'.repeat(64)}`, image: base, reference: 'x' } }
    await loadCraftedImage(image, { labels: { [METADATA]: JSON.stringify(metadata) } })
    const result = await runCnb(['rebase', image, ...NEVER])
    expect(result.stderr).toMatch(/CNB_(IMAGE_INVALID|NOT_REBASABLE)/)
    expect(result.code).not.toBe(0)
  })

  it('rejects a missing image, and a missing run image', async () => {
    const missing = await runCnb(['rebase', 'cnb-e2e/no-such-app', ...NEVER])
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('CNB_IMAGE_NOT_FOUND') as unknown })
    await refuse(await appOnFirstBase(), ['--run-image', 'cnb-e2e/no-such-run'], 1, 'CNB_IMAGE_NOT_FOUND', 'cnb-e2e/no-such-run')
  })
})

describe('several images on the engine', () => {
  it('checks all images first, and rebases them one after the other', async () => {
    const images = [await appOnFirstBase(), await appOnFirstBase()]
    await moveBaseTo(2)
    const planned = await runCnb(['rebase', ...images, ...NEVER, '--dry-run', '--output', 'json'])
    expect(planned.code).toBe(3)
    expect(JSON.parse(planned.stdout)).toMatchObject({ summary: { total: 2, outdated: 2 } })
    for (const image of images) expect(await runImage(image)).toMatch(/^1\n/)
    const { stdout } = await succeed(['rebase', ...images, ...NEVER])
    expect(stdout).toMatch(/2 images in [\d.]+s: 2 rebased\n$/)
    for (const image of images) expect(await runImage(image)).toMatch(/^2\n/)
  })

  it('rebases the others and ends with 1 if an image is missing', async () => {
    const image = await appOnFirstBase()
    await moveBaseTo(2)
    const done = await runCnb(['rebase', 'cnb-e2e/no-such-app', image, ...NEVER])
    expect(done.code).toBe(1)
    expect(done.stderr).toContain('CNB_IMAGE_NOT_FOUND')
    expect(await runImage(image)).toMatch(/^2\n/)
  })

  it('requires --publish for images in a registry', async () => {
    expect(await runCnb(['rebase', '--all-tags', 'cnb-e2e/app'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--publish') as unknown })
  })
})
