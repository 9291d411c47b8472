import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { succeed } from '../../support/cnb.ts'
import { docker } from '../../support/engines/docker.ts'
import { watchEngine } from '../../support/engines/left-behind.ts'
import { type FaultProxy, startFaultProxy } from '../../support/fakes/fault-proxy.ts'
import { silence, stall } from '../../support/fakes/faults.ts'
import { type Registry, startRegistry } from '../../support/registry/registry.ts'
import { BUILDER, USING_BUILDER, appFiles } from '../../support/script-builder.ts'
import { openScreen } from '../../support/terminal.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
let registry: Registry
let proxy: FaultProxy
let path: string
let image: string

/** A launch layer of $SIZE bytes keeps the export busy. */
const build = `echo built; [ "\${WAIT:-}" != build ] || sleep 1000
mkdir "$CNB_LAYERS_DIR/big"
printf '[types]\\nlaunch = true\\n' >"$CNB_LAYERS_DIR/big.toml"
head -c "\${SIZE:-1}" /dev/urandom >"$CNB_LAYERS_DIR/big/file"`

beforeAll(async () => {
  registry = await startRegistry()
  proxy = await startFaultProxy(registry)
  path = await bench.directory(appFiles(build, {}, '[ "${WAIT:-}" != detect ] || sleep 1000'))
  image = bench.image()
  await succeed(['build', image, '--path', path, ...USING_BUILDER])
})

afterAll(async () => {
  await bench.clear()
  await proxy[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
})

describe('Ctrl-C in a terminal', () => {
  it.each([
    ['detect', /===> DETECTING\n[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/, ['--env', 'WAIT=detect']],
    ['build', /\[builder\] built\n[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/, ['--env', 'WAIT=build']],
    ['export', /===> EXPORTING/, ['--env', 'SIZE=400000000']],
  ] as const)('ends %s with 130 and a clean screen', async (_phase, moment, options) => {
    await expectCleanEnd(['build', image, '--path', path, ...USING_BUILDER, ...options], moment)
  })

  it('ends a pull with 130 and a clean screen', async () => {
    const name = `${proxy.address}/${bench.image()}`
    const tar = join(bench.path, 'image.tar')
    await writeFile(join(bench.path, 'random'), randomBytes(3_000_000))
    execFileSync('tar', ['--create', '--file', tar, '--directory', bench.path, 'random'])
    await docker('import', tar, name)
    await docker('push', '--quiet', name)
    await docker('image', 'rm', name)
    proxy.inject({ method: 'GET', path: /\/blobs\//, times: 100, fault: stall(1000) })
    await expectCleanEnd(['build', image, '--path', path, '--builder', BUILDER, '--pull-policy', 'if-not-present', '--run-image', name], /Pulling /)
  })

  it('ends a push with 130 and a clean screen', async () => {
    proxy.inject({ method: 'PATCH', times: 100, fault: silence() })
    await expectCleanEnd(['build', `${proxy.address}/${bench.image()}`, '--path', path, ...USING_BUILDER, '--publish', '--env', 'SIZE=3000000'], /===> EXPORTING\n[^]*[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/)
  })
})

async function expectCleanEnd(command: readonly string[], moment: RegExp): Promise<void> {
  const leftBehind = await watchEngine()
  await using screen = await openScreen(command)
  await screen.shows(moment)
  await screen.press('C-c')
  expect(await screen.exit()).toBe(130)
  const text = (await screen.lines()).join('\n')
  expect(text).toMatch(/CNB_INTERRUPTED\n\[exit 130\]$/)
  expect(text).not.toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏━]|Pulling/)
  expect(await screen.isCursorVisible()).toBe(true)
  expect(await leftBehind()).toEqual([])
}
