/** The actions as GitHub's runner runs them: builds and rebases on a real engine and a real registry. */

import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runAction, type ActionResult, type UsedAction } from '../../support/ci/action-runner.ts'
import { BINARY } from '../../support/cnb.ts'
import { packPackage, ROOT } from '../../support/package.ts'
import { makeLayer, putApp, putRunImage } from '../../support/images/registry-images.ts'
import { listen } from '../../support/registry/listen.ts'
import { startRegistry, type Registry } from '../../support/registry/registry.ts'
import { BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
let registry: Registry
let workspace: string
const BUILD = processes({ web: 'cat /workspace/words' })

beforeAll(async () => {
  registry = await startRegistry()
  workspace = await bench.directory(appFiles(`${BUILD}\necho '::error::a buildpack says so'`, { words: 'one\n' }))
})
afterAll(async () => {
  await bench.clear()
  await registry[Symbol.asyncDispose]()
})

const none: Record<string, string> = {}

/** GitHub's cache of one repository: the entries by key, the newest last. */
class Cache {
  readonly entries = new Map<string, string>()
  readonly uses: Record<string, UsedAction> = {
    'actions/cache/restore': async ({ path = '', key = '', 'restore-keys': prefix = '' }) => {
      const found = [...this.entries.keys()].findLast((each) => each === key || each.startsWith(prefix))
      if (found === undefined) return none
      await cp(this.entries.get(found)!, path, { recursive: true })
      return { 'cache-matched-key': found }
    },
    'actions/cache/save': async ({ path = '', key = '' }) => {
      const entry = join(bench.path, `cache-${this.entries.size}`)
      await cp(path, entry, { recursive: true })
      this.entries.set(key, entry)
      return {}
    },
  }
}

let runs = 0
/** Each run has a new runner: other temporary files, and no volumes of earlier builds. */
async function run(action: string, inputs: Record<string, string>, cache = new Cache()): Promise<ActionResult> {
  const temporary = join(bench.path, `runner-${++runs}`)
  await mkdir(temporary)
  return runAction({
    action: join(ROOT, action), inputs: { 'cnb-path': BINARY, ...inputs }, temporary, workspace, uses: cache.uses,
    env: { PACK_VOLUME_KEY: 'cnb-e2e', CNB_HOME: '/nonexistent', PACK_HOME: '/nonexistent' },
  })
}

describe('the build action', () => {
  it('builds with the cache of the last run, and not at all if nothing changed', async () => {
    const cache = new Cache()
    const image = `${registry.address}/${bench.image()}`
    const build = () => run('.', { image, builder: BUILDER, publish: 'true', tags: `${image}:v1, ${image}:v2`, env: 'GREETING=hello', args: '--pull-policy=never', 'if-changed': 'true' }, cache)
    const first = await build()
    expect(first.log).toContain('Built')
    expect(first).toMatchObject({ failed: false, open: [], outputs: { unchanged: 'false', reason: `${image}:latest does not exist` } })
    expect(first.outputs['image']).toBe(`${image}@${first.outputs['digest']}`)
    expect(first.outputs['digest']).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(first.groups).toEqual(expect.arrayContaining(['DETECTING', 'BUILDING', 'EXPORTING']))
    expect(first.annotations).toEqual([])
    expect(first.summary).toMatch(/^### Built `.*` in .*s\n/)
    expect(cache.entries.size).toBe(1)

    const second = await build()
    expect(second).toMatchObject({ failed: false, outputs: { ...first.outputs, unchanged: 'true', reason: 'its inputs are those that made the image' } })
    expect(second.summary).toMatch(/^### Unchanged /)
    expect(cache.entries.size).toBe(1)

    await writeFile(join(workspace, 'words'), 'two\n')
    const third = await build()
    expect(third).toMatchObject({ failed: false, outputs: { unchanged: 'false', reason: 'changed since the existing image: app files' } })
    expect(third.outputs['digest']).not.toBe(first.outputs['digest'])
    expect(third.summary).toContain('**Since the last image**: different')
    expect(cache.entries.size).toBe(2)
  })

  it('does not run the commands in an input', async () => {
    const inputs = { image: 'a"; touch pwned; "$(touch pwned)', path: '$(touch pwned)', tags: '`touch pwned`', env: 'A=$(touch pwned)\n--publish', cache: 'none' }
    const done = await run('.', inputs)
    expect(done.failed).toBe(true)
    expect(done.annotations.map(({ kind }) => kind)).toEqual(['error'])
    expect(done.summary).toContain('### Failed: `CNB_')
    expect(existsSync(join(workspace, 'pwned'))).toBe(false)
  })

  it.each([
    [{ cache: 'disk' }, "the input 'cache' must be none, actions or image"],
    [{ cache: 'image' }, "the cache 'image' needs the input 'cache-image'"],
    [{ publish: 'yes', cache: 'none' }, "the input 'publish' must be true or false"],
    [{ 'cnb-path': '/absent/cnb' }, "the input 'cnb-path' names no program: /absent/cnb"],
    [{ 'cnb-path': '', version: 'latest' }, "the input 'version' is not a version: latest"],
  ])('rejects the inputs %j', async (inputs, message) => {
    const { failed, annotations } = await run('.', { image: 'app', ...inputs })
    expect({ failed, annotations }).toEqual({ failed: true, annotations: [{ kind: 'error', properties: 'title=cnb', message }] })
  })
})

describe('the rebase action', () => {
  it('counts the images of a fleet: outdated ones in a dry run, then rebased and failed ones', async () => {
    const [old, patched] = [[makeLayer('old')], [makeLayer('patched')]]
    const runImage = `${registry.address}/run`
    await putRunImage(registry, 'run', 'latest', { layers: patched })
    await putApp(registry, 'app', '1', { base: old, own: [makeLayer('app')], runImage })
    const image = `${registry.address}/app:1`
    await writeFile(join(workspace, 'fleet.txt'), `${image} # the app\n`)
    const dry = await run('.github/actions/rebase', { 'from-file': 'fleet.txt', 'dry-run': 'true' })
    expect(dry).toMatchObject({ failed: false, annotations: [], outputs: { rebased: '0', outdated: '1', unchanged: '0', failed: '0' } })
    expect(dry.summary).toContain(`| \`${image}\` | outdated |`)
    const absent = `${registry.address}/none/app:1`
    const done = await run('.github/actions/rebase', { images: absent, 'from-file': 'fleet.txt' })
    expect(done).toMatchObject({ failed: true, outputs: { rebased: '1', outdated: '0', unchanged: '0', failed: '1' } })
    expect(done.annotations).toMatchObject([{ kind: 'error', message: expect.stringContaining(absent) as string }])
    expect(await run('.github/actions/rebase', { images: image })).toMatchObject({ failed: false, outputs: { unchanged: '1', failed: '0' } })
  })

  it('rejects an empty list', async () => {
    expect(await run('.github/actions/rebase', { images: ' ,' })).toMatchObject({ failed: true, annotations: [{ message: "no images: use the input 'images' or 'from-file'" }] })
  })
})

describe('the installation', () => {
  it('takes the npm package of the version of the action, and checks it against a checksum', async () => {
    const tarball = await readFile(await packPackage(join(bench.path, 'tarball')))
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
    await using server = await listen((request, response) => {
      const { host = '' } = request.headers
      const dist = { tarball: `http://${host}/cnb.tgz`, integrity }
      if (request.url === '/cnb.tgz') response.end(tarball)
      else if (request.url === '/cnb') response.end(JSON.stringify({ name: 'cnb', versions: { [version]: { name: 'cnb', version, bin: { cnb: 'bin/cnb.js' }, dist } } }))
      else response.writeHead(404).end()
    })
    const install = async (inputs: Record<string, string>) => {
      const temporary = join(bench.path, `runner-${++runs}`)
      await mkdir(temporary)
      const env = { NPM_CONFIG_REGISTRY: server.origin, NPM_CONFIG_CACHE: join(temporary, 'npm'), CNB_HOME: '/nonexistent' }
      const done = await runAction({ action: ROOT, inputs: { image: 'app', cache: 'none', path: '/absent', ...inputs }, temporary, workspace, env })
      await rm(temporary, { recursive: true })
      return done
    }
    const installed = await install({ integrity })
    expect(installed.groups).toContain(`Install cnb ${version}`)
    expect(installed.annotations.map(({ message }) => message)).toEqual([expect.stringContaining('/absent')])
    const { annotations } = await install({ integrity: 'sha512-other' })
    expect(annotations).toMatchObject([{ message: expect.stringContaining("not that of the input 'integrity'") as string }])
  })
})
