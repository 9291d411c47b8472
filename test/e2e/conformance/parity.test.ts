/**
 * Both drivers make the same image, byte for byte.
 *
 * Compares configuration and every layer, at the first build and at rebuilds, for unusual input; build-apps.test.ts does so for the
 * apps in fixtures/.
 */

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { bothDrivers } from '../../support/engines/both-drivers.ts'
import { runCnb, succeed } from '../../support/cnb.ts'
import { docker, inspectImage } from '../../support/engines/docker.ts'
import { DRIVERS, QUICK, SEPARATE } from '../../support/engines/drivers.ts'
import { USING_BUILDER, appFiles, builderWithUser } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

const FIXTURES = join(import.meta.dirname, '../../../fixtures')
const TORTURE = ['--buildpack', join(FIXTURES, 'torture')]
const SAMPLE = ['--builder', 'cnb-sample/builder', '--pull-policy', 'never']

/** Older engines and a containerd store take minutes for gigabytes, so one kind of engine suffices. */
const IS_FAST = /^overlay2 (2[89]|[3-9]\d)\./.test(await docker('info', '--format', '{{.Driver}} {{.ServerVersion}}'))

describe('both drivers make one image', () => {
  it('#60 #70 includes files of every kind, and layers that change their type', async () => {
    const both = bothDrivers(bench)
    const app = await bench.directory({ file: 'of the app', '.profile': 'true' })
    for (const turn of [0, 1, 4]) await both(app, ...SAMPLE, ...TORTURE, '--env', `TURN=${turn}`)
  })

  it('#60 supports a build user with a number beyond a tar header', async () => {
    const builder = bench.image()
    await builderWithUser(builder, bench.path, 3_000_000, 2_500_000)
    // Stock's phases in one container require the user in /etc/passwd.
    const both = bothDrivers(bench, SEPARATE)
    const script = `mkdir -p "$CNB_LAYERS_DIR/dep"; echo dep >"$CNB_LAYERS_DIR/dep/file"; printf '[types]\\nlaunch = true\\ncache = true\\n' >"$CNB_LAYERS_DIR/dep.toml"`
    const app = await bench.directory(appFiles(script))
    for (let time = 0; time < 2; time++) await both(app, ...USING_BUILDER, '--builder', builder)
  })

  it('keeps metadata of several MiB, which the next build restores, and any other files in /layers/config', async () => {
    const script = `big() { head -c 3000000 /dev/zero | tr '\\0' "$1"; }
[ ! -d "$CNB_LAYERS_DIR/dep" ] || [ "$(wc -c <"$CNB_LAYERS_DIR/dep.toml")" -gt 3000000 ] || exit 9
[ ! -d "$CNB_LAYERS_DIR/dep" ] || [ "$(wc -c <"$CNB_LAYERS_DIR/store.toml")" -gt 3000000 ] || exit 10
mkdir -p "$CNB_LAYERS_DIR/dep"; echo dep >"$CNB_LAYERS_DIR/dep/file"; mkdir -p /layers/config; echo x >/layers/config/other
{ printf '[types]\\nlaunch = true\\ncache = true\\n[metadata]\\nv = "'; big a; echo '"'; } >"$CNB_LAYERS_DIR/dep.toml"
rm -f "$CNB_LAYERS_DIR/link.toml"; ln "$CNB_LAYERS_DIR/dep.toml" "$CNB_LAYERS_DIR/link.toml"; mkdir -p "$CNB_LAYERS_DIR/link"
{ printf '[metadata]\\nv = "'; big b; echo '"'; } >"$CNB_LAYERS_DIR/store.toml"
{ printf '[[labels]]\\nkey = "big"\\nvalue = "'; big c; echo '"'; } >>"$CNB_LAYERS_DIR/launch.toml"
{ printf '{"v":"'; big d; echo '"}'; } >"$CNB_LAYERS_DIR/dep.sbom.cdx.json"`
    const both = bothDrivers(bench)
    const app = await bench.directory(appFiles(script))
    for (let time = 0; time < 2; time++) await both(app, ...USING_BUILDER)
  })

  it.runIf(IS_FAST)('#60 includes a layer of 2 GB with the diff ID of lifecycle 0.21.0', async () => {
    const image = bench.image()
    const app = await bench.directory(appFiles(`mkdir -p "$CNB_LAYERS_DIR/big"; truncate -s 2G "$CNB_LAYERS_DIR/big/hole"; printf '[types]\\nlaunch = true\\n' >"$CNB_LAYERS_DIR/big.toml"`))
    await succeed(['build', image, '--path', app, ...USING_BUILDER, ...QUICK.native])
    expect((await inspectImage(image)).RootFS.Layers).toContain('sha256:e45ac1468c8b6591e1502a532409875ebf3c7421c9e61da9da6812558657a79b')
  })
})

/** The end of a build: its exit code, and the files of the layer in the image, as `find -printf '%P %y %m'` prints them. */
type End = readonly [code: number, ...files: string[]]

interface Difference {
  readonly of: string
  readonly why: string
  /** Makes `layer` if it is missing. */
  readonly make: string
  readonly types: readonly string[]
  readonly stock: readonly End[]
  readonly native: readonly End[]
}

/**
 * Differences between the drivers, build by build; native loses nothing that stock keeps. Two more differences do not show in the
 * image: the cache after a failed build (conformance-restore.test.ts, 43), and an SBOM that the stock restorer restores without its
 * layer (38).
 */
const DIFFERENCES: readonly Difference[] = [
  {
    of: 'a cached layer with a pipe',
    why: "the stock restorer knows files, directories and links only (archive/extract.go, 'unknown file type in tar')",
    make: 'mkdir "$layer"; mkfifo "$layer/pipe"',
    types: ['cache', 'launch'],
    stock: [[0, 'pipe p 644'], [42]],
    native: [[0, 'pipe p 644'], [0, 'pipe p 644']],
  },
  {
    of: 'a cached layer with a setuid file',
    why: 'the stock restorer writes it as the build user, for whom writing clears the bit: the layer is another at the rebuild',
    make: 'mkdir "$layer"; echo x >"$layer/tool"; chmod 4755 "$layer/tool"',
    types: ['cache', 'launch'],
    stock: [[0, 'tool f 4755'], [0, 'tool f 755']],
    native: [[0, 'tool f 4755'], [0, 'tool f 4755']],
  },
  {
    of: 'a file that the build user may not read',
    why: 'the stock exporter reads as the build user',
    make: 'mkdir "$layer"; echo x >"$layer/secret"; chmod 0 "$layer/secret"',
    types: ['launch'],
    stock: [[62]],
    native: [[0, 'secret f 0']],
  },
  {
    of: 'a layer that is a file',
    why: 'buildpack.md says "directory"; the stock exporter takes whatever can be read',
    make: 'echo x >"$layer"',
    types: ['launch'],
    stock: [[0]],
    native: [[62]],
  },
  {
    of: 'a layer that is a link out of /layers',
    why: 'the stock exporter makes a layer with the link alone',
    make: 'ln -s /etc "$layer"',
    types: ['launch'],
    stock: [[0]],
    native: [[62]],
  },
]

describe.each(DIFFERENCES)('differs between the drivers: $of', ({ make, types, why, ...ends }) => {
  it.each(DRIVERS)(`(%s) since ${why}`, async (driver) => {
    const image = bench.image()
    const script = `layer=$CNB_LAYERS_DIR/odd; [ -e "$layer" ] || { ${make}; }\nprintf '[types]\\n${types.map((type) => `${type} = true\\n`).join('')}' >"$layer.toml"`
    const app = await bench.directory(appFiles(script))
    for (const [code, ...files] of ends[driver]) {
      const result = await runCnb(['build', image, '--path', app, ...USING_BUILDER, ...QUICK[driver]])
      expect(result.code, result.stderr).toBe(code)
      if (files.length > 0) expect(await filesOfLayer(image)).toEqual(files)
    }
  })
})

/** The image's files below its `odd` layer. */
async function filesOfLayer(image: string): Promise<string[]> {
  const found = await docker('run', '--rm', '--network', 'none', '--entrypoint', 'find', image, '/layers/test_script/odd', '-mindepth', '1', '-printf', '%P %y %m\\n')
  return found.split('\n').filter(Boolean)
}

describe('the torture buildpack', () => {
  it('contains a script that the shell can parse', () => {
    execFileSync('bash', ['-n', join(FIXTURES, 'torture/bin/build')])
  })
})
