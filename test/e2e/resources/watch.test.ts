/** `cnb watch` with an engine, a registry that sends notifications, and git's server. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { runCnb, startCnb, succeed, type Running } from '../../support/cnb.ts'
import { docker, runImage } from '../../support/engines/docker.ts'
import { watchEngine } from '../../support/engines/left-behind.ts'
import { containing } from '../../support/matching.ts'
import { makeIndex, type TestIndex } from '../../support/registry/index-repository.ts'
import { startRegistry, type Registry } from '../../support/registry/registry.ts'
import { basesYaml, pushBases } from '../../support/resource-bases.ts'
import { appFiles, processes, SAMPLE_RUN_IMAGE } from '../../support/script-builder.ts'
import { startDaemon } from '../../support/sources/git-daemon.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
let registry: Registry
let daemon: Awaited<ReturnType<typeof startDaemon>>
let repository: TestIndex
let watching: Running
let leftOnEngine: () => Promise<string[]>

/** The bench removes names with this beginning. */
const prefix = bench.image()
const named = (name: string): string => `${registry.address}/${prefix}-${name}`
const env = { CNB_CACHE_DIR: join(bench.path, 'cache'), TMPDIR: bench.path }
const state = ['--state', join(bench.path, 'state')]

beforeAll(async () => {
  registry = await startRegistry()
  repository = makeIndex(join(bench.path, 'git/app'))
  commitApp('one')
  daemon = await startDaemon(join(bench.path, 'git'))
  await pushBases(registry, prefix)
  const files = await bench.directory({ 'all.yaml': yaml() })
  await succeed(['apply', '--filename', files, ...state], { env })
  leftOnEngine = await watchEngine()
})

afterEach(() => watching.signal('SIGKILL'))

afterAll(async () => {
  await bench.clear()
  await daemon[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
})

function commitApp(version: string, before = ''): void {
  for (const [file, content] of Object.entries(appFiles(`${before}\n${processes({ web: `echo ${version}` })}`))) repository.commit(file, `${content}# ${version}\n`)
}

function yaml(): string {
  return `
${basesYaml(named)}
---
apiVersion: kpack.io/v1alpha2
kind: Image
metadata: {name: shop, namespace: default}
spec:
  tag: ${named('shop')}
  builder: {kind: Builder, name: base}
  source: {git: {url: "git://127.0.0.1:${daemon.port}/app", revision: main}}
`
}

/** Starts a watch. Polls come at once, and then only after hours, unless the arguments say otherwise. */
function startWatch(...args: readonly string[]): void {
  watching = startCnb(['watch', '--poll-git', '9h', '--poll-images', '9h', ...args, ...state], { env })
}

/** Waits for the image of a build. */
async function built(reason: string, verb = 'building'): Promise<string> {
  const start = await watching.line(new RegExp(`Image default/shop: ${verb} \\(${reason}\\), build `))
  const build = start.split(' ').at(-1)
  const image = await watching.line(/Image default\/shop: \S+@sha256:/)
  expect(await runCnb(['get', 'build', build!, '--output', 'jsonpath={.status.conditions[0].status}', ...state], { env })).toMatchObject({ code: 0, stdout: containing('True') })
  return image.split(' ').at(-1)!
}

/** Ends the watch. Everything that it made and did not need is gone. */
async function stop(signal: 'SIGINT' | 'SIGTERM', code: number): Promise<void> {
  watching.signal(signal)
  expect(await watching.finished).toMatchObject({ code })
  expect(await leftovers()).toEqual([])
}

/** Returns the objects on the engine and the temporary directories that builds left. */
async function leftovers(): Promise<string[]> {
  return [...(await leftOnEngine()), ...(await readdir(bench.path)).filter((name) => /^cnb-(source|git)-/.test(name))]
}

it('builds a commit, and ends with 143 at SIGTERM', async () => {
  startWatch('--poll-git', '1s')
  commitApp('two')
  expect(await runImage(await built('COMMIT'))).toContain('two')
  await stop('SIGTERM', 143)
})

it('rebases onto a patched run image, and builds after a webhook at once', async () => {
  startWatch('--poll-images', '1s', '--listen', '0')
  const [, port] = /:(\d+)$/.exec(await watching.line(/^listening for webhooks on /))!
  const container = await docker('create', SAMPLE_RUN_IMAGE, 'true')
  await docker('cp', join(repository.path, 'script/build'), `${container}:/patched`)
  await docker('commit', container, named('run'))
  await docker('rm', container)
  await docker('push', '--quiet', named('run'))
  expect(await docker('run', '--rm', '--entrypoint', 'ls', await built('STACK', 'rebasing'), '/patched')).toContain('/patched')
  commitApp('three')
  const body = JSON.stringify({ ref: 'refs/heads/main', repository: { clone_url: `git://127.0.0.1:${daemon.port}/app.git` } })
  expect((await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers: { 'x-gitea-event': 'push' }, body })).status).toBe(202)
  await watching.line(/building \(COMMIT\)/)
  await watching.line(new RegExp(`${named('shop').replaceAll('.', '\\.')}@sha256:`))
  await stop('SIGINT', 130)
})

it('stops a build that runs, and the next watch builds it again', async () => {
  commitApp('four', '[ -e /tmp/go ] || { echo waiting in build; sleep 1000; }')
  startWatch()
  await following('waiting in build')
  await stop('SIGTERM', 143)
  startWatch()
  await following('waiting in build')
  watching.signal('SIGKILL')
  await watching.finished
  const plan = await runCnb(['plan', ...state], { env })
  expect(plan).toMatchObject({ code: 3, stdout: containing('will be built: ') })
  commitApp('five')
  startWatch()
  expect(await runImage(await built('[A-Z,]+'))).toContain('five')
  await stop('SIGTERM', 143)
  expect((await runCnb(['get', 'builds', '--output', 'jsonpath={.items[*].status.conditions[0].status}', ...state], { env })).stdout).not.toContain('Unknown')
})

/** Waits for a line of the newest build's log. */
async function following(line: string): Promise<void> {
  await watching.line(/Image default\/shop: building/)
  const logs = startCnb(['logs', 'shop', '--follow', ...state], { env })
  await logs.line(new RegExp(line))
  logs.signal('SIGINT')
  await logs.finished
}
