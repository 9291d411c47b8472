/**
 * Calls cnb through a link named `pack`.
 * With $CNB_TEST_PACK, the path of a real pack, compares the two on images in a registry and on the engine;
 * `go install github.com/buildpacks/pack/cmd/pack@v0.40.0` builds one.
 */

import { execFile } from 'node:child_process'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { parseToml } from '../../../src/formats/toml.ts'
import { BINARY, runCnb, type Finished } from '../../support/cnb.ts'
import { docker } from '../../support/engines/docker.ts'
import { startRegistry } from '../../support/registry/registry.ts'
import { appFiles, BUILDER, processes, SAMPLE_RUN_IMAGE } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const PACK = process.env['CNB_TEST_PACK']
const bench = await makeWorkbench()
afterAll(() => bench.clear())

/** Links cnb under the name of pack. */
async function linkPack(): Promise<string> {
  const link = join(await bench.directory({}), 'pack')
  await symlink(BINARY, link)
  return link
}

/** Runs the real pack. */
function runPack(args: readonly string[], env: Record<string, string>): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(PACK ?? '', args, { env: { ...process.env, ...env } }, (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }))
  })
}

it('takes the command line of pack as a link of that name', async () => {
  const binary = await linkPack()
  expect((await runCnb(['--help'], { binary })).stdout).toContain('Usage: pack <command>')
  expect(await runCnb(['build', 'app', '--nosuch'], { binary })).toMatchObject({ code: 1, stdout: '' })
  expect((await runCnb(['pack', 'build', 'app'])).code).toBe(2)
})

it.skipIf(PACK === undefined)('prints the same documents, success lines and exit codes as pack', async () => {
  const binary = await linkPack()
  await using registry = await startRegistry()
  const [builder, image, run] = ['builder', 'app', 'run'].map((name) => `${registry.address}/${name}`) as [string, string, string]
  for (const [source, name] of [[BUILDER, builder], [SAMPLE_RUN_IMAGE, run]] as const) {
    await docker('tag', source, name)
    await docker('push', '--quiet', name)
  }
  const env = { PACK_HOME: await bench.directory({}), CNB_HOME: '' }
  const both = async (...args: string[]): Promise<[real: Finished, mine: Finished]> => Promise.all([runPack(args, env), runCnb(args, { binary, env })])
  try {
    const app = await bench.directory(appFiles(processes({ web: 'echo web', worker: 'echo worker' })))
    const build = ['build', image, '--builder', builder, '--run-image', run, '--path', app, '--pull-policy', 'if-not-present', '--trust-builder', '--network', 'host', '--publish']
    const [real, mine] = [await runPack(build, env), await runCnb(build, { binary, env })]
    const essentials = ({ code, stdout }: Finished): unknown => [code, /^Successfully built image .*$/m.exec(stdout)?.[0], stdout.match(/^===> \w+/gm)]
    expect(essentials(mine)).toEqual(essentials(real))
    await docker('pull', '--quiet', image)
    for (const args of [['inspect', image], ['builder', 'inspect', builder]]) {
      const [json, own] = await both(...args, '-o', 'json')
      expect(own).toEqual(json)
      const [toml, ownToml] = await both(...args, '-o', 'toml')
      expect(parseToml(ownToml.stdout, 'cnb')).toEqual(parseToml(toml.stdout, 'pack'))
    }
    const [rebased, ownRebased] = [await runPack(['rebase', image, '--publish', '--run-image', run], env), await runCnb(['rebase', image, '--publish', '--run-image', run], { binary, env })]
    const lastLine = ({ code, stdout }: Finished): unknown => [code, stdout.trimEnd().split('\n').at(-1)]
    expect(lastLine(ownRebased)).toEqual(lastLine(rebased))
    for (const wrong of [['build', image], ['build', image, '--nosuch'], ['inspect'], ['nosuch']]) {
      const [failed, ownFailed] = await both(...wrong)
      expect([wrong, ownFailed.code]).toEqual([wrong, failed.code])
    }
  } finally {
    await docker('rmi', '--force', builder, run, image)
  }
})
