/** A hostile buildpack finds no way out, and its attacks end in a clear error or a correct image. */

import { cp } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCnb, succeed, type Finished } from '../../support/cnb.ts'
import { docker, imageId, inspectImage } from '../../support/engines/docker.ts'
import { DRIVERS, SEPARATE, type Driver } from '../../support/engines/drivers.ts'
import { configDigest, filesIn, type TarFile } from '../../support/images/image-contents.ts'
import { watchEngine } from '../../support/engines/left-behind.ts'
import { USING_BUILDER, bringShell, buildpackFiles, builderWithoutShell } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

const HOSTILE = join(import.meta.dirname, '../../../fixtures/hostile')
const app = await bench.directory({ file: 'of the app' })
const innocent = await bench.directory(buildpackFiles('test/innocent', {
  build: `mkdir -p "$CNB_LAYERS_DIR/dep"; echo good >"$CNB_LAYERS_DIR/dep/file"; printf '[types]\\nlaunch = true\\ncache = true\\n' >"$CNB_LAYERS_DIR/dep.toml"`,
}))

/** Secrets of the user, which no buildpack may see. */
const AUTH = JSON.stringify({ auths: { 'registry.example': { auth: 'c2VjcmV0OnRvcCBzZWNyZXQ=' } } })
const SECRETS = { '.docker/config.json': AUTH, '.netrc': 'machine registry.example password top secret' }
const home = await bench.directory(SECRETS)
const USER = {
  HOME: home, DOCKER_CONFIG: join(home, '.docker'), DOCKER_AUTH_CONFIG: AUTH, CNB_E2E_SECRET: 'top secret', AWS_SECRET_ACCESS_KEY: 'top secret',
  CNB_REGISTRY_AUTH: '{"registry.example":"Basic c2VjcmV0OnRvcCBzZWNyZXQ="}',
}

type Found = (phase: string, name: string) => string[]

/** Builds. Returns the findings of the buildpack, line by line. */
async function look(image: string, options: readonly string[]): Promise<Found> {
  await succeed(['build', image, '--path', app, ...USING_BUILDER, ...options], { env: USER })
  const files: ReadonlyMap<string, TarFile> = await filesIn(image, '/workspace/found')
  return (phase, name) => {
    const file = files.get(`${phase}/${name}`)
    if (file === undefined) throw new Error(`the buildpack did not write ${phase}/${name}`)
    return file.text.split('\n').filter(Boolean)
  }
}

/** The hostile buildpack with its own shell, for a builder that has none. */
async function withoutShell(): Promise<string[]> {
  const [builder, buildpack] = [bench.image(), await bench.directory({})]
  await builderWithoutShell(builder, bench.path)
  await cp(HOSTILE, buildpack, { recursive: true })
  await bringShell(buildpack, 'test/hostile')
  return ['--builder', builder, '--buildpack', buildpack]
}

const NOTHING = [
  ['sockets', 'a socket'],
  ['unix', 'a listening socket'],
  ['addresses', 'an address of an engine'],
  ['environment', 'a credential in an environment'],
  ['command-line', 'a credential on a command line'],
  ['credentials', 'a file with credentials'],
  ['mounted', 'a way to mount'],
  ['owned', 'a way to give files away'],
  ['devices', 'a block device'],
  ['records', "what cnb knows of earlier builds"],
  ['processes', 'processes of others'],
] as const

const SHELLLESS = 'native, without a shell'

describe.each([...DRIVERS, SHELLLESS] as const)('%s driver: a buildpack that looks for a way out', (way) => {
  const driver: Driver = way === SHELLLESS ? 'native' : way
  let found: Found

  beforeAll(async () => {
    const image = bench.image()
    const options = [...SEPARATE[driver], ...(way === SHELLLESS ? await withoutShell() : ['--buildpack', HOSTILE])]
    // Only a rebuild has records of cnb.
    await succeed(['build', image, '--path', app, ...USING_BUILDER, ...options, '--env', 'ATTACK=none'])
    found = await look(image, options)
  })

  describe.each(['detect', 'build'])('%s phase', (phase) => {
    it.each(NOTHING)('#14 finds no %s', (name) => {
      expect(found(phase, name)).toEqual([])
    })

    it('#14 sees no mounts except those of every container, and its own directories', () => {
      const own = driver === 'stock' ? ['/layers', '/workspace'] : ['/layers']
      const usual = /^\/$|^\/(proc|dev|sys)(\/|$)|^\/etc\/(hosts|hostname|resolv\.conf)$/
      const buildpacks = /^\/cnb\/buildpacks\//
      expect(found(phase, 'mounts').filter((path) => !usual.test(path) && !own.includes(path) && !buildpacks.test(path))).toEqual([])
    })

    it('#14 cannot become root', () => {
      expect(found(phase, 'rights')).toEqual(expect.arrayContaining(['uid 1001', 'NoNewPrivs: 1', 'CapEff: 0000000000000000', 'CapPrm: 0000000000000000']))
    })

    it.runIf(driver !== 'stock')('#14 has no capability, and programs cannot get one', () => {
      const none = '0000000000000000'
      expect(found(phase, 'rights')).toEqual([...['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((set) => `${set}: ${none}`), 'NoNewPrivs: 1', 'Seccomp: 2', 'uid 1001'])
    })

    it('can write only to directories that all users can write to', () => {
      expect(found(phase, 'writable').filter((path) => !/^\/(tmp|var\/tmp|run\/lock|dev\/(shm|mqueue))(\/|$)/.test(path))).toEqual([])
    })
  })
})

describe('the hostile buildpack', () => {
  it('finds a planted socket, secrets and a record', async () => {
    const planted = await bench.directory({ ...SECRETS, record: '' })
    const server = createServer().listen(join(planted, 'socket'))
    await new Promise((resolve) => server.once('listening', resolve))
    const found = await look(bench.image(), [...SEPARATE.native, '--buildpack', HOSTILE, '--volume', `${planted}:/mnt/home`, '--env', 'CNB_E2E_SECRET'])
    server.close()
    expect(found('build', 'sockets')).toEqual(['/mnt/home/socket'])
    expect(found('build', 'credentials')).toEqual(expect.arrayContaining(['/mnt/home/.docker/config.json', '/mnt/home/.netrc']))
    expect(found('build', 'environment')).toEqual(['CNB_E2E_SECRET=top secret'])
    expect(found('build', 'mounts')).toContain('/mnt/home')
    expect(found('build', 'records')).toEqual(['/mnt/home/record'])
  })
})

/** Attacks of `bin/build`, with the required end: an error, an image, or either, if that is a race. */
const ATTACKS: readonly (readonly [attack: string, end: 'builds' | 'either' | 'fails'])[] = [
  ['words', 'either'],
  ['forge-end', 'either'],
  ['forge-paths', 'either'],
  ['forge-flood', 'either'],
  ['forge-data', 'either'],
  ['forge-code', 'either'],
  ['forge-input', 'either'],
  ['kill-parent', 'fails'],
  ['kill-all', 'fails'],
  ['stop', 'builds'],
  ['background', 'builds'],
  ['others', 'builds'],
  ['links', 'either'],
  ['permissions', 'either'],
  ['metadata', 'either'],
  ['huge-toml', 'either'],
  ['names', 'either'],
  ['detect-background', 'builds'],
  ['detect-group', 'either'],
  // Stopped by --pids-limit.
  ['forks', 'either'],
]

describe('a buildpack that attacks its build', () => {
  const image = bench.image()
  const build = (attack: string, ...options: string[]): Promise<Finished> => {
    const buildpacks = ['--buildpack', innocent, '--buildpack', HOSTILE, '--pids-limit', '200']
    return runCnb(['build', image, '--path', app, ...USING_BUILDER, ...SEPARATE.native, ...buildpacks, '--env', `ATTACK=${attack}`, ...options])
  }
  let clean = ''
  let leftBehind: () => Promise<string[]> = async () => []

  beforeAll(async () => {
    expect(await build('none')).toMatchObject({ code: 0 })
    clean = await configDigest(image)
    leftBehind = await watchEngine()
  })

  it.each(ATTACKS)('ends in a clear error or a correct image after %s', async (attack, end) => {
    const before = await imageId(image)
    const result = await build(attack)
    if (end !== 'either') expect(result.code === 0, result.stderr).toBe(end === 'builds')
    if (result.code === 0) return expectSound(image)
    expectClear(result)
    expect(await imageId(image)).toBe(before)
  })

  it('does not harm a later build', async () => {
    expect(await build('none', '--clear-cache')).toMatchObject({ code: 0 })
    expect(await configDigest(image)).toBe(clean)
  })

  it('leaves nothing behind except caches for the next build', async () => {
    expect((await leftBehind()).filter((item) => !/^image |^volume (cnb|pack)-cache-/.test(item))).toEqual([])
  })
})

/** Checks that the image's labels describe its layers, and that it starts. */
async function expectSound(image: string): Promise<void> {
  const { Config, RootFS } = await inspectImage(image)
  const metadata = JSON.parse(Config.Labels?.['io.buildpacks.lifecycle.metadata'] ?? '') as {
    buildpacks: { key: string; layers: Record<string, { sha: string }> }[]
    app: { sha: string }[]
  }
  expect(metadata.buildpacks.map(({ key }) => key)).toEqual(['test/innocent', 'test/hostile'])
  for (const sha of [...metadata.buildpacks.flatMap(({ layers }) => Object.values(layers)), ...metadata.app].map((layer) => layer.sha)) expect(RootFS.Layers).toContain(sha)
  expect(await docker('run', '--rm', '--network', 'none', '--entrypoint', 'launcher', image, 'cat /workspace/file')).toBe('of the app')
}

/** Checks that stdout is empty, and that the message is for people. */
function expectClear({ code, stdout, stderr }: Finished): void {
  expect(code, stderr).toBeGreaterThan(0)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/CNB_[A-Z_]+/)
  expect(stderr).not.toContain('CNB_INTERNAL')
  // A buildpack must not overwrite the output of cnb.
  expect(stderr).not.toMatch(/\u001b\[2J|\u001b\]0/)
}
