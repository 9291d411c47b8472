/** Layers kept for the next build, and the effect of changes to them in between. */

import { appendFile, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cacheVolumes } from '../../../src/lifecycle/cache-volumes.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { parseTag } from '../../../src/oci/reference.ts'
import { runCnb, startCnb, succeed } from '../../support/cnb.ts'
import { docker, runImage } from '../../support/engines/docker.ts'
import { DRIVERS, QUICK, type Driver } from '../../support/engines/drivers.ts'
import { configDigest } from '../../support/images/image-contents.ts'
import { watchEngine } from '../../support/engines/left-behind.ts'
import { USING_BUILDER, appFiles, buildpackFiles, builderWithUser, processes } from '../../support/script-builder.ts'
import { makeWorkbench, removeVolumes } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

/**
 * Makes two layers of two files each, unless they are restored, and fails without both: `dep` is in the image, and the app has a copy
 * of the content of `tool`. All images of one builder are equal, whether layers were restored or made.
 */
const SCRIPT = `for layer in dep:launch tool:build; do
  name=\${layer%:*} directory=$CNB_LAYERS_DIR/\${layer%:*}
  if [ -d "$directory" ]; then echo "$name restored"; else
    echo "$name made"
    mkdir -p "$directory/sub"
    echo "the file of $name" >"$directory/file"
    echo "one below it" >"$directory/sub/file"
    ln -s file "$directory/link"
  fi
  printf '[types]\\ncache = true\\n%s = true\\n[metadata]\\nof = "%s"\\n' "\${layer#*:}" "$name" >"$CNB_LAYERS_DIR/$name.toml"
done
cp -R "$CNB_LAYERS_DIR/tool" copied
${processes({ web: 'cat copied/file' })}`

/** Makes two layers unless their metadata is restored: `cached` is cached, the other only in the last image. */
const reusing = (content: string): string => `for layer in cached:true launched:false; do
  name=\${layer%:*} file=$CNB_LAYERS_DIR/\${layer%:*}.toml
  if grep -qs 'version = "1"' "$file"; then echo "$name reused"; else
    echo "$name made"
    mkdir -p "$CNB_LAYERS_DIR/$name"; echo ${content} >"$CNB_LAYERS_DIR/$name/file"
  fi
  printf '[types]\\nlaunch = true\\ncache = %s\\n[metadata]\\nversion = "1"\\n' "\${layer#*:}" >"$file"
done
${processes({ web: 'cat /layers/test_script/*/file' })}`

const MADE = ['dep made', 'tool made']
const RESTORED = ['dep restored', 'tool restored']
const HALF = ['dep made', 'tool restored']

let app = ''
let clean = ''

/** Builds. Returns the fate of each layer. The image must equal one from a build without any cache. */
async function build(driver: Driver, image: string, ...options: string[]): Promise<string[]> {
  const { stderr } = await succeed(['build', image, '--path', app, ...USING_BUILDER, ...QUICK[driver], ...options])
  if (!options.includes('--builder')) expect(await configDigest(image)).toBe(clean)
  return said(stderr)
}

function said(stderr: string): string[] {
  return [...stderr.matchAll(/\b(?:dep|tool) (?:made|restored)\b/g)].map(([words]) => words)
}

const volumesOf = (image: string): ReturnType<typeof cacheVolumes> => cacheVolumes(parseTag(image), 'cnb-e2e')

/** Changes a volume as root, in another container. */
function meddle(volume: string, script: string): Promise<string> {
  return docker('run', '--rm', '--network', 'none', '--user', '0:0', '--volume', `${volume}:/v`, 'cnb-sample/build:bookworm', 'bash', '-euc', script)
}

beforeAll(async () => {
  app = await bench.directory(appFiles(SCRIPT))
  const image = bench.image()
  await succeed(['build', image, '--path', app, ...USING_BUILDER, ...QUICK.stock])
  clean = await configDigest(image)
})

it('explains with --explain why each layer was made, restored or reused, and writes spans to CNB_TRACE', async () => {
  const image = bench.image()
  const trace = join(bench.path, 'trace.json')
  const reasons = async (...options: string[]): Promise<string> => {
    const line = ['build', image, '--path', app, ...USING_BUILDER, ...QUICK.native, '--explain', ...options]
    return (await succeed(line, { env: { CNB_TRACE: trace } })).stderr.replace(/ {2,}/g, '  ')
  }
  const first = await reasons()
  expect(first).toContain(`why  previous image '${image}:latest'  not found: no image has this name at the target of the new one`)
  expect(first).toContain("why  layer 'test/script:dep'  added: no previous image is used")
  const second = await reasons()
  for (const decision of [
    "buildpack 'test/script@1.0.0'  used: its group is the first of the order that fits the app",
    "cached layer 'test/script:tool'  restored: the cache contains it",
    "layer 'test/script:dep'  not read again: its files are unchanged since the last build",
    "layer 'test/script:dep'  reused: its contents are those in the previous image",
    "process 'web'  the default:",
  ]) expect(second).toContain(`why  ${decision}`)
  const spans = (JSON.parse(await readFile(trace, 'utf8')) as { ph: string; cat?: string; name: string }[]).filter(({ ph }) => ph === 'X')
  expect(new Set(spans.map(({ cat }) => cat))).toEqual(new Set(['work', 'engine', 'phase', 'step']))
  expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(['starting', 'planning the build', 'detector', 'exporter', 'POST /containers/create']))
  expect(await reasons('--clear-cache')).toMatch(/why {2}cache '.*' {2}not used: --clear-cache discards cached layers/)
})

describe.each(DRIVERS)('%s driver: a rebuild', (driver) => {
  const other: Driver = driver === 'native' ? 'stock' : 'native'
  const directory = (name: string): string[] => ['--cache', `type=build;format=bind;source=${join(bench.path, driver, name)}`]

  it('finds the layers of the last build, and discards them with --clear-cache', async () => {
    const image = bench.image()
    expect(await build(driver, image)).toEqual(MADE)
    expect(await build(driver, image)).toEqual(RESTORED)
    expect(await build(driver, image, '--clear-cache')).toEqual(MADE)
    expect(await build(driver, image)).toEqual(RESTORED)
  })

  it('finds them in a directory on an engine without volumes, and discards them with --clear-cache', async () => {
    const cache = directory('carried')
    const image = bench.image()
    expect(await build(driver, image, ...cache)).toEqual(MADE)
    expect(await build(driver, image, ...cache)).toEqual(RESTORED)
    expect(await build(driver, bench.image(), ...cache)).toEqual(RESTORED)
    expect(await build(driver, image, ...cache, '--clear-cache')).toEqual(MADE)
  })

  it('#68 finds the layers of the other driver in a directory', async () => {
    const cache = directory('shared')
    const image = bench.image()
    expect(await build(other, image, ...cache)).toEqual(MADE)
    for (const next of [driver, other]) expect(await build(next, image, ...cache)).toEqual(RESTORED)
  })

  it('#67 succeeds with a warning if the cache cannot be written', async () => {
    const cache = directory('closed')
    const path = join(bench.path, driver, 'closed', 'build-cache')
    const sabotage = 'rm -rf /cache/staging; echo x >/cache/staging'
    const image = bench.image()
    expect(await build(driver, image, ...cache)).toEqual(MADE)
    if (driver === 'native') {
      await rm(join(path, 'staging'), { recursive: true })
      await writeFile(join(path, 'staging'), '')
    }
    const { stderr } = await succeed([
      'build', image, '--path', await bench.directory(appFiles(`${SCRIPT}\n${driver === 'stock' ? sabotage : ''}`)), ...USING_BUILDER, ...QUICK[driver], ...cache,
    ])
    expect(stderr).toMatch(driver === 'native' ? /CNB_OUTPUT|cannot write the cache/ : /[Ff]ailed to (?:export )?cache/)
  })

  it('#72 makes the whole image again if the engine lost it', async () => {
    const image = bench.image()
    await build(driver, image)
    await docker('image', 'rm', '--force', image)
    expect(await build(driver, image)).toEqual(RESTORED)
  })
})

describe('a native build', () => {
  it('finds layers in a volume that builds of two names share', async () => {
    const volume = bench.image().replace('/', '_')
    const cache = ['--cache', `type=build;format=volume;name=${volume}`]
    expect(await build('native', bench.image(), ...cache)).toEqual(MADE)
    expect(await build('native', bench.image(), ...cache)).toEqual(RESTORED)
  })

  it('drops damaged layers of a directory', async () => {
    const cache = ['--cache', `type=build;format=bind;source=${join(bench.path, 'damaged')}`]
    const committed = join(bench.path, 'damaged/build-cache/committed')
    expect(await build('native', bench.image(), ...cache)).toEqual(MADE)
    for (const name of await readdir(committed)) if (name.endsWith('.tar')) await appendFile(join(committed, name), 'x')
    expect(await build('native', bench.image(), ...cache)).toEqual(MADE)
    await rm(committed, { recursive: true })
    expect(await build('native', bench.image(), ...cache)).toEqual(MADE)
  })

  it('finds nothing after a change of the build user and back; each image equals one from a clean build', async () => {
    const [image, builder, fresh] = [bench.image(), bench.image(), bench.image()]
    await builderWithUser(builder, bench.path, 2002, 2003)
    expect(await build('native', image)).toEqual(MADE)
    expect(await build('native', image, '--builder', builder)).toEqual(MADE)
    await build('native', fresh, '--builder', builder)
    expect(await configDigest(image)).toBe(await configDigest(fresh))
    expect(await build('native', image, '--builder', builder)).toEqual(RESTORED)
    expect(await build('native', image)).toEqual(MADE)
    expect(await build('native', image)).toEqual(RESTORED)
  })

  // One of two concurrent stock builds fails sometimes: "committing cache: rename /launch-cache/staging /launch-cache/committed".
  it('makes the same image during another build of it', async () => {
    const image = bench.image()
    const both = await Promise.all([0, 1].map(() => runCnb(['build', image, '--path', app, ...USING_BUILDER, ...QUICK.native])))
    for (const result of both) expect(result, result.stderr).toMatchObject({ code: 0 })
    expect(await configDigest(image)).toBe(clean)
    expect(await build('native', image)).toEqual(RESTORED)
  })

  it("uses the stock lifecycle's cache in the volume that the user names, and later its own", async () => {
    const image = bench.image()
    const { build: volume } = volumesOf(image)
    const cache = ['--cache', `type=build;format=volume;name=${volume}`]
    expect(await build('stock', image)).toEqual(MADE)
    expect(await build('native', bench.image(), ...cache)).toEqual(RESTORED)
    expect(await build('native', image)).toEqual(MADE)
    await removeVolumes(volume)
    expect(await build('native', image)).toEqual(RESTORED)
    expect(await build('stock', image)).toEqual(MADE)
    expect(await build('native', image)).toEqual(RESTORED)
  })

  it('starts without layers that another builder or buildpack could have written, with a message; an upgrade and an edit keep them', async () => {
    const [image, other] = [bench.image(), bench.image()]
    const buildpack = await bench.directory(buildpackFiles('test/more', {}))
    for (const tag of ['', ':2']) await builderWithUser(`${other}${tag}`, bench.path, 1001, 1000)
    const [good, evil] = [await bench.directory(appFiles(reusing('good'))), await bench.directory(appFiles(reusing('evil')))]
    const run = async (path: string, ...options: string[]): Promise<{ layers: string[]; stderr: string; content: string }> => {
      const { stderr } = await succeed(['build', image, '--path', path, ...USING_BUILDER, ...QUICK.native, ...options])
      return { layers: [...stderr.matchAll(/\b(?:cached|launched) (?:made|reused)\b/g)].map(([words]) => words), stderr, content: await runImage(image) }
    }
    const [made, reused] = [['cached made', 'launched made'], ['cached reused', 'launched reused']]
    expect(await run(evil, '--builder', other)).toMatchObject({ layers: made, content: 'evil\nevil' })
    expect(await run(good, '--builder', `${other}:2`)).toMatchObject({ layers: reused, content: 'evil\nevil' })
    expect(await run(good)).toMatchObject({ layers: made, content: 'good\ngood', stderr: expect.stringContaining(`builder '${other}', which this build does not use`) as string })
    expect(await run(good)).toMatchObject({ layers: reused, stderr: expect.not.stringContaining('does not use') as string })
    const more = ['--buildpack', 'test/script', '--buildpack', buildpack]
    expect(await run(evil, ...more)).toMatchObject({ layers: reused })
    await appendFile(join(buildpack, 'bin/build'), '# edited\n')
    expect(await run(evil, ...more)).toMatchObject({ layers: reused })
    expect(await run(good)).toMatchObject({ layers: made, stderr: expect.stringContaining("buildpack 'test/more', which this build does not use") as string })
  })

  it("discards the stock lifecycle's layers with --clear-cache", async () => {
    const image = bench.image()
    await build('stock', image)
    expect(await build('native', image, '--clear-cache')).toEqual(MADE)
    expect(await build('stock', image)).toEqual(MADE)
  })

  it("reads the directory's record, although the engine has more layers", async () => {
    const image = bench.image()
    expect(await build('native', image)).toEqual(MADE)
    expect(await build('native', image, '--cache', `type=build;format=bind;source=${join(bench.path, 'empty')}`)).toEqual(MADE)
  })

  it('leaves no volume after a failure or interruption before layers were kept', async () => {
    const fails = await bench.directory(appFiles('[ -n "${WAIT:-}" ] || exit 1; echo waiting; sleep 1000'))
    const leftBehind = await watchEngine()
    const command = ['build', bench.image(), '--path', fails, ...USING_BUILDER]
    expect(await runCnb(command)).toMatchObject({ code: 51 })
    const running = startCnb([...command, '--env', 'WAIT=1'])
    await running.line(/waiting/)
    running.signal('SIGINT')
    expect(await running.finished).toMatchObject({ code: 130 })
    expect(await leftBehind()).toEqual([])
  })

  it('starts anew when one of its volumes is removed', async () => {
    const image = bench.image()
    expect(await build('native', image)).toEqual(MADE)
    for (const kind of ['layers', 'record'] as const) {
      await removeVolumes(volumesOf(image)[kind])
      expect(await build('native', image)).toEqual(MADE)
    }
    expect(await build('native', image)).toEqual(RESTORED)
  })
})

// One image for all: each build also repairs the damage from before the last.
describe('a native build detects a meddler who', () => {
  const image = bench.image()
  beforeAll(() => build('native', image))

  it.each([
    ['changes a file but not its size and time', 'cd /v/test_script/dep; touch -r file /tmp/time; tr a-z A-Z <file >/tmp/file; cat /tmp/file >file; touch -r /tmp/time file', HALF],
    ['adds a file', 'echo more >/v/test_script/dep/sub/more', HALF],
    ['removes a file', 'rm /v/test_script/dep/sub/file', HALF],
    ['changes a mode', 'chmod 600 /v/test_script/dep/file', HALF],
    ['changes an owner', 'chown 0:0 /v/test_script/dep/file', HALF],
    ['closes a layer', 'chmod 0 /v/test_script/dep', HALF],
    ['puts a link in place of a layer', 'cd /v/test_script; mv dep /v/away; ln -s /v/away dep', HALF],
    ['puts a link to another layer in place of one', 'cd /v/test_script; rm -rf dep; ln -s tool dep', HALF],
    ['puts a link in place of the buildpack', 'cd /v; mv test_script away; ln -s away test_script', MADE],
    ['puts a file in place of a layer', 'cd /v/test_script; rm -rf dep; echo >dep', HALF],
    ['copies a layer away and back', 'cd /v/test_script; cp -a dep /v/copy; rm -rf dep; mv /v/copy dep', HALF],
    ['fills the volume with files that the build user cannot remove', 'mkdir -p /v/root/owned; echo >/v/root/owned/file; chmod -R go-w /v/root', MADE],
    ['takes the volume away from the build user', 'chown 0:0 /v; chmod 755 /v', RESTORED],
    ['empties the volume', 'rm -rf /v/*', MADE],
  ])('%s', async (_title, script, expected) => {
    await meddle(volumesOf(image).layers, script)
    expect(await build('native', image)).toEqual(expected)
  })

  const NONSENSE = `{"version":2,"sources":[{"name":"x","place":"sha256:${'a'.repeat(64)}","content":"x"}],"uid":1001,"gid":1000,"buildpacks":[{"id":"../x"}]}`

  it.each([
    ['damages its record', (label: string) => `${label.slice(0, -20)}x${label.slice(-19)}`],
    ['cuts off its record', (label: string) => label.slice(0, 100)],
    ['empties its record', () => ''],
    ['writes nonsense over its record with the right digest', () => gzipSync(`${digestOf(NONSENSE)}\n${NONSENSE}`).toString('base64')],
    ['says that its record is in a file', () => 'file'],
    ['removes its record', () => undefined],
  ])('%s', async (_title, change) => {
    const { record } = volumesOf(image)
    const label = await docker('volume', 'inspect', '--format', '{{index .Labels "dev.cnb.record"}}', record)
    await removeVolumes(record)
    const changed = change(label.trim())
    if (changed !== undefined) await docker('volume', 'create', '--label', 'dev.cnb.cache=true', '--label', `dev.cnb.record=${changed}`, record)
    expect(await build('native', image)).toEqual(MADE)
  })
})

it('shares the cache of a --cache-key between images of different names', async () => {
  const key = bench.image().replace('cnb-e2e/', '')
  const app = await bench.directory(appFiles('if [ -e "$CNB_LAYERS_DIR/dep/file" ]; then echo "cache is warm"; fi\nmkdir -p "$CNB_LAYERS_DIR/dep"; echo dep >"$CNB_LAYERS_DIR/dep/file"\nprintf "[types]\\ncache = true\\n" >"$CNB_LAYERS_DIR/dep.toml"'))
  const built = async (image: string): Promise<string> => (await succeed(['build', image, '--path', app, ...USING_BUILDER, '--cache-key', key])).stderr
  try {
    expect(await built(bench.image())).not.toContain('cache is warm')
    expect(await built(bench.image())).toContain('cache is warm')
  } finally {
    await removeVolumes(await docker('volume', 'ls', '--quiet', '--filter', `name=cache-key_${key}_`))
  }
})
