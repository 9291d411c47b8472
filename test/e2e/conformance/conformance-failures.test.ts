/** Failures of a build with each driver (docs/conformance.md, check 5 and related checks). */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCnb, type Finished } from '../../support/cnb.ts'
import { CONFORMANCE_APP } from '../../support/conformance/conformance-builder.ts'
import { CONFORMING, makeConformanceImages } from '../../support/conformance/conformance-build.ts'
import { loadCraftedImage } from '../../support/images/crafted-image.ts'
import { docker } from '../../support/engines/docker.ts'
import { DRIVERS, QUICK } from '../../support/engines/drivers.ts'
import { watchEngine } from '../../support/engines/left-behind.ts'
import { USING_BUILDER, appFiles, buildpackFiles } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

describe.each(DRIVERS)('%s driver: a build', (driver) => {
  let leftBehind: () => Promise<string[]> = async () => []

  /** Builds, and expects a failure with that code and no image of that name afterwards. */
  async function fail(app: string, options: readonly string[], code: number, error: string, ...words: (string | RegExp)[]): Promise<Finished> {
    const image = bench.image()
    const result = await runCnb(['build', image, '--path', app, ...USING_BUILDER, ...QUICK[driver], ...options])
    expect(result.stderr).toContain(error)
    for (const word of words) expect(result.stderr).toMatch(word)
    expect(result).toMatchObject({ code, stdout: '' })
    expect(await docker('image', 'ls', '--quiet', image)).toBe('')
    return result
  }

  beforeAll(async () => {
    await makeConformanceImages()
    leftBehind = await watchEngine()
  })

  it('#5 #27 ends with 20 when no buildpack detects', async () => {
    await fail(await bench.directory({ 'README.md': 'nothing' }), [], 20, 'CNB_DETECT_FAILED')
  })

  it('#5 #27 ends with 21 when a detect breaks, and shows its output', async () => {
    await fail(CONFORMANCE_APP, [...CONFORMING, '--env', 'DETECT=error'], 21, 'CNB_DETECT_FAILED', 'the detect broke')
  })

  it("#5 ends with 12 when the lifecycle does not support a buildpack's API", async () => {
    const files = buildpackFiles('test/future', {})
    const buildpack = { ...files, 'buildpack.toml': (files['buildpack.toml'] ?? '').replace('api = "0.11"', 'api = "0.99"') }
    const result = await runCnb(['build', bench.image(), '--path', CONFORMANCE_APP, ...USING_BUILDER, ...QUICK[driver], '--buildpack', await bench.directory(buildpack)])
    expect(result.stderr).toMatch(/0\.99/)
    // cnb detects some faults before the lifecycle.
    expect([1, 12]).toContain(result.code)
  })

  it("#5 #43 ends with 51 and the buildpack's message when its build fails", async () => {
    await fail(await bench.directory(appFiles('echo "out of flour"; exit 7')), [], 51, 'CNB_BUILD_FAILED', 'out of flour')
  })

  it.each([
    ['a layer', 'mkdir -p "$CNB_LAYERS_DIR/x"; printf "[types\\n" >"$CNB_LAYERS_DIR/x.toml"'],
    ['launch.toml', 'printf "[[processes]]\\ntype = 7\\n" >"$CNB_LAYERS_DIR/launch.toml"'],
  ])('#5 ends with 52 when %s is malformed', async (_file, script) => {
    await fail(await bench.directory(appFiles(script)), [], 52, 'CNB_BUILD_FAILED', /toml/)
  })

  // The builder reads files with names in .toml, the exporter any entry with such a name.
  it('#5 ends with 62 when the file of a layer is a directory', async () => {
    await fail(await bench.directory(appFiles('mkdir -p "$CNB_LAYERS_DIR/x" "$CNB_LAYERS_DIR/x.toml"')), [], 62, 'CNB_EXPORT_FAILED', 'x')
  })

  it('#7 rejects a run image without PATH', async () => {
    const run = bench.image()
    await loadCraftedImage(run, { env: ['HOME=/'] })
    await fail(await bench.directory(appFiles('true')), ['--run-image', run], 1, 'CNB_RUN_IMAGE_INVALID', 'PATH')
  })

  it("#18 mounts a volume read-only, and warns of one over the build's own directories", async () => {
    const volume = await bench.directory({ file: 'from the volume' })
    const app = await bench.directory(appFiles('touch /mnt/volume/new 2>/dev/null && exit 1; cat /mnt/volume/file; exit 7'))
    await fail(app, ['--volume', `${volume}:/mnt/volume`], 51, 'CNB_BUILD_FAILED', 'from the volume')
    const over = await runCnb(['build', bench.image(), '--path', app, ...USING_BUILDER, ...QUICK[driver], '--volume', `${volume}:/layers/volume`])
    expect(over.stderr).toMatch(/\/layers/)
  })

  it('#71 leaves nothing behind after a failure', async () => {
    // Other runs may use this engine at the same time.
    const [own] = bench.image().replace('/', '_').split('-')
    const isOthers = (item: string): boolean => item.startsWith('image ') || (/cnb-e2e_/.test(item) && !item.includes(`${own}-`))
    expect((await leftBehind()).filter((item) => !isOthers(item))).toEqual([])
  })
})
