/** kpack's resources with the engine only: `cnb apply --to engine` pushes nothing. */

import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runCnb, succeedJson } from '../../support/cnb.ts'
import { docker, imageId, runImage } from '../../support/engines/docker.ts'
import { containing } from '../../support/matching.ts'
import { startRegistry, type Registry } from '../../support/registry/registry.ts'
import { appFiles, processes, SAMPLE_RUN_IMAGE } from '../../support/script-builder.ts'
import { basesYaml, pushBases, pushImage } from '../../support/resource-bases.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
let registry: Registry
let app: string

/** The bench removes images with this beginning. */
const prefix = bench.image()
const shop = `${prefix}-shop`
const based = (name: string): string => `${registry.address}/${prefix}-${name}`

beforeAll(async () => {
  registry = await startRegistry()
  app = await bench.directory(appFiles(processes({ web: 'echo served' })))
  await pushBases(registry, prefix)
})

afterAll(async () => {
  await bench.clear()
  await registry[Symbol.asyncDispose]()
})

const yaml = (): string => `
${basesYaml((name) => (name === 'builder' ? `${prefix}-builder` : based(name)))}
---
apiVersion: kpack.io/v1alpha2
kind: Image
metadata: {name: shop, namespace: default}
spec:
  tag: ${shop}
  additionalTags: ["${shop}:stable"]
  builder: {kind: Builder, name: base}
  source: {local: {path: ${app}}}
  cache: {registry: {tag: "${based('cache')}"}}
`

const env = { CNB_CACHE_DIR: join(bench.path, 'cache') }
const state = (): string[] => ['--state', join(bench.path, 'state')]

interface Applied {
  readonly resources: readonly { readonly kind: string; readonly ready?: string; readonly latestImage?: string; readonly build?: { readonly reason: string } }[]
}

/** Applies the resources, and returns what became of the Image. */
async function apply(): Promise<Applied['resources'][number]> {
  const file = await bench.directory({ 'all.yaml': yaml() })
  const { resources } = await succeedJson<Applied>(['apply', '--to', 'engine', '--filename', file, ...state()], { env })
  return resources.find(({ kind }) => kind === 'Image')!
}

/** Returns everything that the registry has, as its catalogue names it. */
async function repositories(): Promise<string> {
  return (await registry.request('GET', '/v2/_catalog')).body.toString()
}

it('builds an image with a builder on the engine, and pushes nothing', async () => {
  const before = await repositories()
  const built = await apply()
  expect(built).toMatchObject({ ready: 'True', build: { reason: 'CONFIG' } })
  expect(await runImage(built.latestImage!)).toContain('served')
  expect([await imageId(shop), await imageId(`${shop}:stable`)]).toEqual([built.latestImage, built.latestImage])
  expect(await docker('image', 'ls', '--quiet', `${prefix}-builder:builder-default-base`)).not.toBe('')
  expect(await repositories()).toBe(before)
  expect((await runCnb(['logs', 'shop', ...state()], { env })).stdout).toContain('the cache image')
})

it('does nothing while nothing changes', async () => {
  expect(await apply()).not.toHaveProperty('build')
  expect(await runCnb(['plan', '--to', 'engine', ...state()], { env })).toMatchObject({ code: 0, stdout: containing('Nothing to do.') })
})

it('rebases on the engine onto a patched run image', async () => {
  const container = await docker('create', SAMPLE_RUN_IMAGE, 'true')
  await docker('cp', join(app, 'script/build'), `${container}:/patched`)
  await docker('commit', container, `${prefix}-patched`)
  await docker('rm', container)
  await pushImage(`${prefix}-patched`, based('run'))
  const before = await repositories()
  const rebased = await apply()
  expect(rebased).toMatchObject({ ready: 'True', build: { reason: 'STACK' } })
  expect(await docker('run', '--rm', '--entrypoint', 'ls', rebased.latestImage!, '/patched')).toContain('/patched')
  expect([await imageId(shop), await imageId(`${shop}:stable`)]).toEqual([rebased.latestImage, rebased.latestImage])
  expect(await runImage(shop)).toContain('served')
  expect(await repositories()).toBe(before)
  expect(await apply()).not.toHaveProperty('build')
})

it('builds an image again that the engine no longer has, or that is wanted in a registry', async () => {
  await docker('image', 'rm', '--force', await imageId(shop))
  expect(await apply()).toMatchObject({ ready: 'True', build: { reason: 'PLACE' } })
  expect(await runImage(shop)).toContain('served')
  expect(await runCnb(['plan', ...state()], { env })).toMatchObject({ code: 3, stdout: containing('will be built: PLACE') })
})
