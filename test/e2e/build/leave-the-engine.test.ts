/** Images of `cnb` on an engine can be pushed to a registry, and another engine can run them. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { succeed } from '../../support/cnb.ts'
import { docker, inspectImage } from '../../support/engines/docker.ts'
import { DRIVERS, QUICK, type Driver } from '../../support/engines/drivers.ts'
import { findOtherEngine, type Docker } from '../../support/engines/other-engine.ts'
import { startRegistry, type Registry } from '../../support/registry/registry.ts'
import { BUILDER, SAMPLE_RUN_IMAGE, USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench, removeAll } from '../../support/workbench.ts'

const bench = await makeWorkbench()
let registry: Registry
/** Undefined without a second engine: the engine under test then pulls the layers that it lost. */
let other: Docker | undefined
/** Two origins of a base on an engine: made there, or pulled. */
const base = bench.image()
const bases = { local: bench.image(), pulled: bench.image() } as const
type Base = keyof typeof bases

beforeAll(async () => {
  registry = await startRegistry()
  other = await findOtherEngine()
  if (!other) process.stderr.write('one engine only: images are pulled by the engine that made them, after it has removed them\n')
  await makeBase(bases.local, 'local')
  await makeBase(bases.pulled, 'pulled')
  await push(bases.pulled)
  await registry.index(bases.pulled, 'latest')
  await docker('image', 'rm', bases.pulled)
  await pull(bases.pulled)
})

afterAll(async () => {
  await bench.clear()
  await registry[Symbol.asyncDispose]()
})

/** Removes parts of the run image that no test needs, so they are not pushed and pulled repeatedly. */
const SHRINK = `head -c 99999 /dev/urandom >/etc/random
  rm -rf /usr/share /usr/sbin /var/lib /usr/bin/perl* /usr/lib/*-linux-gnu/perl-base /usr/lib/*-linux-gnu/gconv`

/** A run image of two layers that no engine and no registry has: a pull has to transfer its contents. */
async function makeBase(name: string, version: string): Promise<void> {
  const { Config } = await inspectImage(SAMPLE_RUN_IMAGE)
  const environment = Config.Env.map((each) => `ENV ${each}`)
  const settings = ['USER 1002:1000', ...environment, ...Object.entries(Config.Labels ?? {}).map(([key, value]) => `LABEL ${key}=${JSON.stringify(value)}`)]
  const changes = settings.flatMap((each) => ['--change', each])
  const first = await docker('create', '--user', 'root', '--entrypoint', 'bash', SAMPLE_RUN_IMAGE, '-c', SHRINK)
  await docker('start', '--attach', first)
  const archive = join(bench.path, 'base.tar')
  await docker('export', '--output', archive, first)
  await docker('import', ...changes, archive, name)
  const second = await docker('create', '--user', 'root', '--entrypoint', 'bash', name, '-c', `echo ${version} >/etc/base-version`)
  await docker('start', '--attach', second)
  await docker('commit', '--change', 'USER 1002:1000', second, name)
  await docker('rm', first, second)
}

const remote = (image: string): string => `${registry.address}/${image}`

async function push(image: string): Promise<void> {
  await docker('tag', image, remote(image))
  await docker('push', '--quiet', remote(image))
  await docker('image', 'rm', remote(image))
}

/** Restores the image's own name. */
async function pull(image: string): Promise<void> {
  await docker('pull', '--quiet', remote(image))
  await docker('tag', remote(image), image)
  await docker('image', 'rm', remote(image))
}

/** Pushes the image. Returns the result of `run` on an engine that pulled it, by its name there. */
async function elsewhere<T>(image: string, run: (engine: Docker, name: string) => Promise<T>): Promise<T> {
  await push(image)
  if (!other) {
    for (const each of Object.values(bases)) await push(each)
    await removeAll(['image', 'rm', '--force'], [image, base, ...Object.values(bases)].join('\n'))
    await docker('image', 'prune', '--force')
  }
  const engine = other ?? docker
  try {
    await engine('pull', '--quiet', remote(image))
    return await run(engine, remote(image))
  } finally {
    if (!other) for (const each of [image, ...Object.values(bases)]) await pull(each)
    await other?.('image', 'rm', '--force', remote(image)).catch(() => {})
  }
}

/** Returns the output of the app's process there. */
const saidElsewhere = (image: string): Promise<string> => elsewhere(image, (engine, name) => engine('run', '--rm', '--network', 'none', name))

/** An app with a launch layer that later builds reuse without contents; it prints its base's version, the layer and a source file. */
async function makeApp(): Promise<string> {
  const script = `layer="$CNB_LAYERS_DIR/dep"
    if [ ! -f "$layer.toml" ]; then mkdir "$layer"; head -c 999999 /dev/urandom >"$layer/random"; echo dependency >"$layer/file"; fi
    printf '[types]\\nlaunch = true\\n' >"$layer.toml"
    ${processes({ web: 'cat /etc/base-version /layers/test_script/dep/file source' })}`
  return bench.directory(appFiles(script, { source: 'first\n' }))
}

async function build(app: string, driver: Driver, on: Base): Promise<string> {
  const image = bench.image()
  await docker('tag', bases[on], base)
  await succeed(['build', image, '--path', app, ...USING_BUILDER, ...QUICK[driver], '--run-image', base])
  return image
}

async function rebase(image: string, onto: Base): Promise<void> {
  await docker('tag', bases[onto], base)
  await succeed(['rebase', image, '--pull-policy', 'never', '--run-image', base])
}

describe.each(DRIVERS)('%s driver: another engine pulls and runs an app', (driver) => {
  it.each(['local', 'pulled'] as const)('works after a first build on a %s base', async (on) => {
    expect(await saidElsewhere(await build(await makeApp(), driver, on))).toBe(`${on}\ndependency\nfirst`)
  })

  it.each(['local', 'pulled'] as const)('works after a rebuild on a %s base with one changed line and one new layer', async (on) => {
    const app = await makeApp()
    const image = await build(app, driver, on)
    const layers = (await inspectImage(image)).RootFS.Layers
    await writeFile(join(app, 'source'), 'second\n')
    await succeed(['build', image, '--path', app, ...USING_BUILDER, ...QUICK[driver], '--run-image', base])
    const rebuilt = (await inspectImage(image)).RootFS.Layers
    expect(rebuilt.filter((layer) => !layers.includes(layer))).toHaveLength(1)
    expect(await saidElsewhere(image)).toBe(`${on}\ndependency\nsecond`)
  })
})

describe('another engine pulls and runs an app', () => {
  it.each([['local', 'pulled'], ['pulled', 'local']] as const)('works after a rebase from a %s to a %s base', async (from, onto) => {
    const image = await build(await makeApp(), 'native', from)
    await rebase(image, onto)
    expect(await saidElsewhere(image)).toBe(`${onto}\ndependency\nfirst`)
  })

  it('works after a build by the stock driver and a rebase', async () => {
    const image = await build(await makeApp(), 'stock', 'local')
    await rebase(image, 'pulled')
    expect(await saidElsewhere(image)).toBe('pulled\ndependency\nfirst')
  })

  it('works after a rebuild without the image and the base, and another pull of the base', async () => {
    const app = await makeApp()
    const image = await build(app, 'native', 'pulled')
    await push(bases.pulled)
    await docker('image', 'rm', '--force', image, base, bases.pulled)
    await pull(bases.pulled)
    await docker('tag', bases.pulled, base)
    await writeFile(join(app, 'source'), 'second\n')
    await succeed(['build', image, '--path', app, ...USING_BUILDER, ...QUICK.native, '--run-image', base])
    expect(await saidElsewhere(image)).toBe('pulled\ndependency\nsecond')
  })

  it('works after a pull, a rebase and a rebuild', async () => {
    const app = await makeApp()
    const image = await build(app, 'native', 'local')
    await push(image)
    await docker('image', 'rm', image)
    await pull(image)
    await rebase(image, 'pulled')
    expect(await saidElsewhere(image)).toBe('pulled\ndependency\nfirst')
    await rebase(image, 'local')
    await writeFile(join(app, 'source'), 'second\n')
    await succeed(['build', image, '--path', app, ...USING_BUILDER, ...QUICK.native, '--run-image', base])
    expect(await saidElsewhere(image)).toBe('local\ndependency\nsecond')
  })
})

it('creates builders that another engine can pull, with buildpacks and lifecycle', async () => {
  const look = 'cat /cnb/order.toml && ls /cnb/buildpacks/test_script/1.0.0 /cnb/lifecycle'
  const lookWith = (engine: Docker, name: string): Promise<string> => engine('run', '--rm', '--network', 'none', '--entrypoint', 'bash', name, '-c', look)
  const found = await lookWith(docker, BUILDER)
  expect(found).toContain('test/script')
  expect(await elsewhere(BUILDER, lookWith)).toBe(found)
})
