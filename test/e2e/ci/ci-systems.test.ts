/** The examples of docs/ci.md for other CI systems, run in the environment of each system. */

import { spawn } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { BINARY } from '../../support/cnb.ts'
import { codeBlocks } from '../../support/documents/markdown.ts'
import { ROOT } from '../../support/package.ts'
import { BASIC_USER, startRegistry, type Registry } from '../../support/registry/registry.ts'
import { BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
let registry: Registry
let blocks: string[]
let bin: string
const AUTH = `Basic ${Buffer.from(`${BASIC_USER.username}:${BASIC_USER.password}`).toString('base64')}`
const APP = appFiles(processes({ web: 'cat /workspace/words' }), { words: 'hello\n' })

beforeAll(async () => {
  registry = await startRegistry({ auth: 'basic' })
  blocks = codeBlocks(await readFile(join(ROOT, 'docs/ci.md'), 'utf8')).map(({ text }) => text)
  bin = await bench.directory({})
  await symlink(BINARY, join(bin, 'cnb'))
  // In these examples it installs cnb.
  await writeFile(join(bin, 'npm'), '#!/bin/sh\n', { mode: 0o755 })
  // The builder exists on the engine only.
  await mkdir(join(bin, 'home'))
  await writeFile(join(bin, 'home/config.toml'), 'pull-policy = "never"\n')
})
afterAll(async () => {
  await bench.clear()
  await registry[Symbol.asyncDispose]()
})

/** Returns the block that has a text. */
function block(text: string): string {
  const found = blocks.filter((each) => each.includes(text))
  expect(found).toHaveLength(1)
  return found[0]!
}

async function run(shell: readonly string[], cwd: string, env: Record<string, string>): Promise<void> {
  const [program = 'sh', ...args] = shell
  const child = spawn(program, args, {
    cwd, stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: `${bin}${delimiter}${process.env['PATH']}`, HOME: bin, CI: 'true', BUILDER, CNB_HOME: join(bin, 'home'), DOCKER_HOST: process.env['DOCKER_HOST'] ?? '', ...env },
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect(code, text).toBe(0)
}

async function resultOf(file: string): Promise<string> {
  return (JSON.parse(await readFile(file, 'utf8')) as { reference: string }).reference
}

it('has a job of GitLab CI', async () => {
  const cwd = await bench.directory(APP)
  const { image: job } = parse(block('CI_REGISTRY_IMAGE')) as { image: { script: string[]; before_script: string[] } }
  const image = `${registry.address}/${bench.image()}`
  // GitLab's runner joins the commands in one shell.
  const script = ['set -eo pipefail', ...job.before_script, ...job.script].join('\n')
  await run(['bash', '-c', script], cwd, {
    CI_REGISTRY: registry.address, CI_REGISTRY_USER: BASIC_USER.username, CI_REGISTRY_PASSWORD: BASIC_USER.password, CI_REGISTRY_IMAGE: image, CI_COMMIT_SHORT_SHA: '0123abcd',
  })
  expect(await resultOf(join(cwd, 'result.json'))).toMatch(`${image}@sha256:`)
})

it('has a pipeline of Jenkins', async () => {
  const cwd = await bench.directory(APP)
  const [, script = ''] = /sh '''\n([\s\S]*?)'''/.exec(block('pipeline {')) ?? []
  // Groovy reads escapes in the step first, and Jenkins runs it with sh -xe.
  expect(script).not.toContain('\\')
  await run(['sh', '-xec', script], cwd, { REGISTRY: registry.address, CNB_REGISTRY_AUTH: JSON.stringify({ [registry.address]: AUTH }), BUILD_NUMBER: '7' })
  expect(await resultOf(join(cwd, 'result.json'))).toMatch(`${registry.address}/team/app@sha256:`)
})

it('has a task of Tekton', async () => {
  const cwd = await bench.directory(APP)
  const task = parse(block('kind: Task')) as { spec: { steps: { script: string; env: { name: string; value: string }[] }[] } }
  const [step] = task.spec.steps
  const image = `${registry.address}/${bench.image()}`
  const config = await bench.directory({ 'config.json': JSON.stringify({ auths: { [registry.address]: { auth: AUTH.replace('Basic ', '') } } }) })
  const values: Record<string, string> = { 'params.image': image, 'params.builder': BUILDER, 'workspaces.dockerconfig.path': config, 'results.image.path': join(bench.path, 'tekton-result') }
  const substituted = step!.env.map(({ name, value }) => [name, value.replace(/\$\(([\w.-]+)\)/g, (_, key: string) => values[key] ?? '')] as const)
  const script = join(bench.path, 'tekton.sh')
  await writeFile(script, step!.script, { mode: 0o755 })
  // The engine of the test is at another address than the sidecar.
  await run([script], cwd, { ...Object.fromEntries(substituted), DOCKER_HOST: process.env['DOCKER_HOST'] ?? '' })
  expect(await readFile(values['results.image.path']!, 'utf8')).toMatch(`${image}@sha256:`)
})

it('has a task of Concourse', async () => {
  const cwd = await bench.directory({ 'result/.keep': '' })
  for (const [name, text] of Object.entries(APP)) {
    await mkdir(join(cwd, 'source', name, '..'), { recursive: true })
    await writeFile(join(cwd, 'source', name), text)
  }
  const task = parse(block('image_resource')) as { params: Record<string, string>; caches: { path: string }[]; run: { path: string; args: string[] } }
  expect(Object.keys(task.params)).toEqual(['DOCKER_HOST', 'CNB_REGISTRY_AUTH', 'IMAGE', 'BUILDER'])
  for (const { path } of task.caches) await mkdir(join(cwd, path))
  const image = `${registry.address}/${bench.image()}`
  await run([task.run.path, ...task.run.args], cwd, { IMAGE: image, CNB_REGISTRY_AUTH: JSON.stringify({ [registry.address]: AUTH }) })
  expect(await resultOf(join(cwd, 'result/result.json'))).toMatch(`${image}@sha256:`)
})
