/** `cnb apply` and the commands for stored resources, with an engine and a registry. */

import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runCnb, startCnb, succeedJson, type Finished } from '../../support/cnb.ts'
import { docker, runImage } from '../../support/engines/docker.ts'
import { containing } from '../../support/matching.ts'
import { makeIndex, type TestIndex } from '../../support/registry/index-repository.ts'
import { startRegistry, type Registry } from '../../support/registry/registry.ts'
import { appFiles, processes, SAMPLE_RUN_IMAGE } from '../../support/script-builder.ts'
import { basesYaml, pushBases } from '../../support/resource-bases.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
let registry: Registry
let repository: TestIndex

/** The bench removes names with this beginning. */
const prefix = bench.image()
const named = (name: string): string => `${registry.address}/${prefix}-${name}`

beforeAll(async () => {
  registry = await startRegistry()
  repository = makeIndex(join(bench.path, 'app'))
  commitApp('one')
  await pushBases(registry, prefix)
})

afterAll(async () => {
  await bench.clear()
  await registry[Symbol.asyncDispose]()
})

/** Commits an app that prints its settings, and fails with a wrong password after `check`. */
function commitApp(version: string, check = ''): void {
  const build = `echo "level: $LEVEL, type: $(cat /platform/bindings/db/type)"
${check}
[ "\${WAIT:-}" = "" ] || { echo "waiting in build"; sleep 1000; }
${processes({ web: `echo ${version}` })}`
  for (const [file, content] of Object.entries(appFiles(build))) repository.commit(file, `${content}# ${version}\n`)
}

interface Settings {
  readonly password?: string
  readonly wait?: string
}

/** Returns all resources. */
function yaml({ password = 'wrong', wait = '' }: Settings = {}): string {
  const meta = (name: string): string => `metadata: {name: ${name}, namespace: default}`
  return `
{apiVersion: v1, kind: Secret, ${meta('db')}, stringData: {type: mysql, password: ${password}}}
---
{apiVersion: v1, kind: ConfigMap, ${meta('settings')}, data: {level: high, wait: "${wait}"}}
---
${basesYaml(named)}
---
${image('shop')}
`
}

function image(name: string, build = ''): string {
  return `
apiVersion: kpack.io/v1alpha2
kind: Image
metadata: {name: ${name}, namespace: default, labels: {team: ${name}}}
spec:
  tag: ${named(name)}
  builder: {kind: Builder, name: base}
  source: {git: {url: "file://${repository.path}", revision: main}}
  build:
    env: [{name: LEVEL, valueFrom: {configMapKeyRef: {name: settings, key: level}}}, {name: WAIT, valueFrom: {configMapKeyRef: {name: settings, key: wait}}}]
    services: [{kind: Secret, name: db}]
    ${build}`
}

const env = { CNB_CACHE_DIR: join(bench.path, 'cache') }
const state = (): string[] => ['--state', join(bench.path, 'state')]
const cnb = (...args: string[]): Promise<Finished> => runCnb([...args, ...state()], { env })

/** Writes the documents to a file, and returns the arguments that apply it. */
async function files(text: string): Promise<string[]> {
  const directory = await bench.directory({ 'all.yaml': text })
  return ['--filename', directory]
}

interface Applied {
  readonly resources: readonly { readonly name: string; readonly change: string; readonly ready?: string; readonly latestImage?: string; readonly build?: { readonly reason: string } }[]
}

async function apply(text: string): Promise<Applied['resources'][number]> {
  const { resources } = await succeedJson<Applied>(['apply', ...(await files(text)), ...state()], { env })
  return resources.find(({ name }) => name === 'shop')!
}

it('publishes a builder and builds an image with variables and bindings', async () => {
  const plan = await cnb('plan', ...(await files(yaml())))
  expect(plan).toMatchObject({ code: 3, stdout: containing('image.kpack.io/shop will be built: CONFIG') })
  const shop = await apply(yaml())
  expect(shop).toMatchObject({ change: 'created', ready: 'True', build: { reason: 'CONFIG' } })
  expect(await runImage(shop.latestImage!)).toContain('one')
  const logs = await cnb('logs', 'shop')
  expect(logs.stdout).toContain('level: high, type: mysql')
  expect(logs.stdout.match(/^===> .*/gm)).toEqual(expect.arrayContaining(['===> PREPARE', '===> DETECT', '===> BUILD', '===> COMPLETION']))
})

it('does nothing while nothing changes', async () => {
  const shop = await apply(yaml())
  expect(shop).toMatchObject({ change: 'unchanged', ready: 'True' })
  expect(shop.build).toBeUndefined()
  expect(await cnb('plan')).toMatchObject({ code: 0, stdout: containing('Nothing to do.') })
})

it('builds a commit, rebases onto a patched run image, and builds on request', async () => {
  commitApp('two')
  expect(await apply(yaml())).toMatchObject({ build: { reason: 'COMMIT' } })
  const container = await docker('create', SAMPLE_RUN_IMAGE, 'true')
  await docker('cp', join(repository.path, 'script/build'), `${container}:/patched`)
  await docker('commit', container, named('run'))
  await docker('rm', container)
  await docker('push', '--quiet', named('run'))
  const shop = await apply(yaml())
  expect(shop).toMatchObject({ build: { reason: 'STACK' } })
  expect(await docker('run', '--rm', '--entrypoint', 'ls', shop.latestImage!, '/patched')).toContain('/patched')
  expect(await runImage(shop.latestImage!)).toContain('two')
  expect((await cnb('logs', 'shop')).stdout).toContain('===> REBASE')
  expect(await cnb('trigger', 'image', 'shop')).toMatchObject({ code: 0, stdout: containing(named('shop')) })
})

it('retries a failed build after its Secret changed', async () => {
  commitApp('three', '[ "$(cat /platform/bindings/db/password)" = right ] || { echo "denied" >&2; exit 1; }')
  const failed = await cnb('apply', ...(await files(yaml())))
  expect(failed).toMatchObject({ code: 1, stderr: containing('CNB_BUILD_FAILED') })
  expect((await cnb('logs', 'shop')).stdout).toContain('denied')
  expect(await cnb('apply', ...(await files(yaml())))).toMatchObject({ code: 1 })
  const shop = await apply(yaml({ password: 'right' }))
  expect(shop.build?.reason).toContain('RETRY')
  const builds = await cnb('get', 'builds', '--output', 'name')
  expect(builds.stdout.trim().split('\n')).toHaveLength(6)
  expect(await runImage(shop.latestImage!)).toContain('three')
})

it('shows resources as kubectl does, without values of Secrets', async () => {
  expect((await cnb('get', 'images')).stdout).toMatch(/^NAME +LATESTIMAGE +READY\nshop +\S+@sha256:[0-9a-f]{64} +True$/m)
  expect((await cnb('describe', 'image', 'shop')).stdout).toMatch(/Reason: +UpToDate/)
  const secret = await cnb('get', 'secret/db', '--output', 'yaml')
  expect(secret.stdout).toContain('password: <redacted>')
  expect(await cnb('get', 'image', 'shp')).toMatchObject({ code: 1, stderr: containing('images.kpack.io "shp" not found') })
})

it('ends a build that exceeds its buildTimeout, and repeats one that Ctrl-C ended', async () => {
  const slow = await cnb('apply', ...(await files(`${yaml({ password: 'right', wait: 'yes' })}\n---\n${image('slow', 'buildTimeout: 3')}`)))
  expect(slow).toMatchObject({ code: 1, stderr: containing('the build takes longer than its buildTimeout of 3 s') })
  const waiting = await files(`${yaml({ password: 'right', wait: 'yes' })}\n---\n${image('late')}`)
  const running = startCnb(['apply', ...waiting, ...state()], { env })
  await running.line(/waiting in build/)
  running.signal('SIGINT')
  expect(await running.finished).toMatchObject({ code: 130 })
  expect((await cnb('get', 'image', 'late', '--output', 'jsonpath={.status.latestImage}')).stdout.trim()).toBe('')
  const { resources } = await succeedJson<Applied>(['apply', ...(await files(`${yaml({ password: 'right' })}\n---\n${image('late')}`)), ...state()], { env })
  expect(resources.find(({ name }) => name === 'late')).toMatchObject({ ready: 'True', build: { reason: containing('RETRY') } })
})

it('deletes an image with its builds', async () => {
  expect(await cnb('delete', 'images', '-l', 'team in (shop, slow, late)')).toMatchObject({ code: 0, stdout: containing('image.kpack.io/shop deleted') })
  expect((await cnb('get', 'builds,images')).stdout).toContain('No resources found')
})
