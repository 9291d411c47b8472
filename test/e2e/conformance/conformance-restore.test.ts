/** Layers and metadata that a rebuild restores for buildpacks (docs/conformance.md, checks 31 to 46). */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { conformanceBuilds } from '../../support/conformance/conformance-build.ts'
import { loadCraftedImage } from '../../support/images/crafted-image.ts'
import { docker, imageId, inspectImage, runImage } from '../../support/engines/docker.ts'
import { DRIVERS, QUICK } from '../../support/engines/drivers.ts'
import { filesIn, type TarFile } from '../../support/images/image-contents.ts'
import { runCnb } from '../../support/cnb.ts'
import { makeSayingBench } from '../../support/saying-app.ts'
import { USING_BUILDER, buildpackFiles } from '../../support/script-builder.ts'

const bench = await makeSayingBench()
const { sayingApp } = bench
afterAll(() => bench.clear())

/** A shell script that makes a layer with these types, which counts the builds that found it. */
const counting = (...types: string[]): string => `L=$CNB_LAYERS_DIR; mkdir -p "$L/count"
n=$(($(cat "$L/count/n" 2>/dev/null || echo 0) + 1)); echo $n >"$L/count/n"
printf '[types]\\n${types.map((type) => `${type} = true\\n`).join('')}' >"$L/count.toml"; echo "count $n" >>said`

describe.each(DRIVERS)('%s driver: a rebuild', (driver) => {
  const options = QUICK[driver]
  const build = (image: string, app: string, ...more: string[]): Promise<string> =>
    bench.build(image, app, [...options, ...more]).then(() => runImage(image))

  describe('layers of every type', () => {
    let files: ReadonlyMap<string, TarFile> = new Map()
    const restored = (): string => files.get('restored')?.text ?? ''
    const restoredToml = (): string => files.get('restored-toml')?.text ?? ''

    beforeAll(async () => {
      files = await filesIn((await conformanceBuilds(driver)).two, '/workspace/seen')
    })

    // b, c, l: build, cache, launch; each t (true) or f (false).
    it.each([
      ['btctlt', true, true],
      ['btctlf', true, true],
      ['btcflt', false, false],
      ['btcflf', false, false],
      ['bfctlt', true, true],
      ['bfctlf', true, true],
      ['bfcflt', true, false],
      ['bfcflf', false, false],
    ])('#34 restores of %s: metadata %s, contents %s', (layer, metadata, contents) => {
      expect(restored().includes(`${layer}.toml f `)).toBe(metadata)
      expect(restored().includes(`${layer}/made f `)).toBe(contents)
      expect(restored().includes(`${layer} d `)).toBe(contents)
    })

    it("#35 restores layers' metadata without their types", () => {
      expect(restoredToml()).toContain('# bfcflt.toml')
      expect(restoredToml()).toContain('made = "one"')
      expect(restoredToml()).not.toMatch(/types|launch|build =|cache =/)
    })

    it('#37 restores store.toml', () => {
      expect(restoredToml()).toMatch(/# store\.toml\n\[metadata\]\n\s*stored = "one"/)
    })

    // The stock restorer also restores the SBOM of btcflt, which must be built again: it reads only the image's metadata.
    it('#38 restores the SBOMs of restored layers', () => {
      for (const layer of ['btctlt', 'btctlf', 'bfctlt', 'bfctlf', 'bfcflt']) expect(restored()).toContain(`${layer}.sbom.cdx.json f `)
      for (const layer of ['btcflf', 'bfcflf']) expect(restored()).not.toContain(`${layer}.sbom`)
    })

    it.each([
      'modes/private d 700 1001:1000', 'modes/shared d 777 1001:1000', 'modes/sticky d 1777 1001:1000', 'modes/setgid d 2755 1001:1000',
      'modes/tool f 751 1001:1000', 'modes/readonly f 444 1001:1000', 'modes/empty d 755 1001:1000',
      'modes/link l 777 1001:1000 tool', 'modes/dangling l 777 1001:1000 /no/such',
    ])('#39 restores %s', (line) => {
      expect(restored().split('\n').map((each) => each.trim())).toContain(line)
    })
  })

  it.each([
    ['is of somebody else', {}],
    ['has a corrupt label', { 'io.buildpacks.lifecycle.metadata': '{"buildpacks":[{"key":' }],
    ['names layers that it lacks', {
      'io.buildpacks.lifecycle.metadata': JSON.stringify({ buildpacks: [{ key: 'test/script', version: '1.0.0', layers: { gone: { sha: `sha256:${'0'.repeat(64)}`, data: null, build: false, launch: true, cache: false } } }] }),
    }],
  ])('#31 succeeds with a previous image that %s', async (_title, labels) => {
    const image = bench.image()
    await loadCraftedImage(image, { labels })
    expect(await build(image, await sayingApp('echo hi >said'))).toBe('hi')
  })

  it('#36 drops a layer that differs in image and cache', async () => {
    const [one, other] = [bench.image(), bench.image()]
    const app = await sayingApp(`${counting('launch', 'cache')}; echo "\${VARIANT:-}" >"$L/count/variant"`)
    await build(one, app)
    await build(other, app, '--env', 'VARIANT=other')
    expect(await build(one, app, '--previous-image', other)).toBe('count 1')
  })

  it('#37 #40 restores only store.toml with --clear-cache', async () => {
    const image = bench.image()
    const app = await sayingApp(`[ ! -f "$CNB_LAYERS_DIR/store.toml" ] || echo store >>said; printf '[metadata]\\nkept = true\\n' >"$CNB_LAYERS_DIR/store.toml"
      ls "$CNB_LAYERS_DIR" | grep count >>said || true\n${counting('cache')}`)
    expect(await build(image, app)).toBe('count 1')
    expect(await build(image, app, '--clear-cache')).toBe('store\ncount 1')
    expect(await build(image, app)).toBe('store\ncount\ncount.toml\ncount 2')
  })

  it('#41 restores only store.toml for another execution environment', async () => {
    const image = bench.image()
    const app = await sayingApp(`echo "for $CNB_EXEC_ENV" >>said; [ ! -f "$CNB_LAYERS_DIR/store.toml" ] || echo store >>said
      printf '[metadata]\nkept = true\n' >"$CNB_LAYERS_DIR/store.toml"; ls "$CNB_LAYERS_DIR" | grep count >>said || true\n${counting('launch', 'cache')}`)
    // Buildpacks see the environment from Buildpack API 0.12 on.
    const buildpack = await bench.directory({ ...buildpackFiles('test/told', { build: 'source script/build' }) })
    await writeFile(join(buildpack, 'buildpack.toml'), (await readFile(join(buildpack, 'buildpack.toml'), 'utf8')).replace('0.11', '0.12'))
    const told = ['--buildpack', buildpack]
    expect(await build(image, app, ...told)).toBe('for production\ncount 1')
    expect(await build(image, app, ...told, '--exec-env', 'test')).toBe('for test\nstore\ncount 1')
    expect((await inspectImage(image)).Config.Labels).toMatchObject({ 'io.buildpacks.exec-env': 'test' })
    expect(await build(image, app, ...told, '--exec-env', 'test')).toBe('for test\nstore\ncount\ncount.toml\ncount 2')
    expect(await build(image, app, ...told)).toBe('for production\nstore\ncount 1')
  })

  it('#42 drops the layers of a removed buildpack from the image and the cache', async () => {
    const image = bench.image()
    const other = await bench.directory(buildpackFiles('test/other', { build: counting('launch', 'cache') }))
    const [app, both, one] = [await sayingApp('echo script >>said'), ['--buildpack', 'test/script', '--buildpack', other], ['--buildpack', 'test/script']]
    expect(await build(image, app, ...both)).toBe('script\ncount 1')
    const withBoth = (await inspectImage(image)).RootFS.Layers.length
    expect(await build(image, app, ...one)).toBe('script')
    expect((await inspectImage(image)).RootFS.Layers.length).toBeLessThan(withBoth)
    expect(await build(image, app, ...both)).toBe('script\ncount 1')
  })

  it('#43 ends with 51 after a failure, keeps the image, and discards the new layers', async () => {
    const image = bench.image()
    const app = await sayingApp(`${counting('launch', 'cache')}\n[ -z "\${FAIL:-}" ] || { echo "out of flour"; exit 7; }`)
    expect(await build(image, app)).toBe('count 1')
    const id = await imageId(image)
    const failed = await runCnb(['build', image, '--path', app, ...USING_BUILDER, ...options, '--env', 'FAIL=yes'])
    expect(failed).toMatchObject({ code: 51, stdout: '' })
    expect(failed.stderr).toContain('out of flour')
    expect(await imageId(image)).toBe(id)
    // Stock has the last build's layer in its cache; native worked on that layer itself and discards it.
    expect(['count 1', 'count 2']).toContain(await build(image, app))
  })

  it('#52 reuses a launch layer without contents, and fails if no image has it', async () => {
    const [image, fresh] = [bench.image(), bench.image()]
    const script = `if [ -n "\${MAKE:-}" ]; then mkdir "$CNB_LAYERS_DIR/dep"; echo dep >"$CNB_LAYERS_DIR/dep/file"; fi
      printf "[types]\\nlaunch = true\\n\${TYPES:-}" >"$CNB_LAYERS_DIR/dep.toml"; echo hi >said`
    const app = await sayingApp(script)
    await build(image, app, '--env', 'MAKE=1')
    await build(image, app)
    expect(await docker('run', '--rm', '--entrypoint', 'launcher', image, 'cat /layers/test_script/dep/file')).toBe('dep')
    const without = await runCnb(['build', fresh, '--path', app, ...USING_BUILDER, ...options])
    expect(without).toMatchObject({ code: 62, stdout: '' })
    expect(without.stderr).toMatch(/dep/)
    const cached = await runCnb(['build', image, '--path', app, ...USING_BUILDER, ...options, '--env', 'TYPES=cache = true\n'])
    expect(cached).toMatchObject({ code: 62, stdout: '' })
    expect(cached.stderr).toMatch(/dep/)
  })
})
