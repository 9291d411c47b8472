import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import { parseToml } from '../../../src/formats/toml.ts'

const BUILD = join(import.meta.dirname, '../../../builders/sample/buildpacks/procfile/bin/build')

/** Runs the sample buildpack's build on a Procfile. */
async function build(procfile: string): Promise<{ status: number | null; stderr: string; launch: () => unknown }> {
  await using directory = await makeTemporaryDirectory('cnb-test-')
  const { path } = directory
  writeFileSync(join(path, 'Procfile'), procfile)
  const { status, stderr } = spawnSync('bash', [BUILD], { cwd: path, env: { PATH: process.env['PATH'], CNB_LAYERS_DIR: path }, encoding: 'utf8' })
  const toml = status === 0 ? readFileSync(join(path, 'launch.toml'), 'utf8') : ''
  return { status, stderr, launch: () => parseToml(toml, 'launch.toml') }
}

test('creates a process for each line of a Procfile, with web as the default', async () => {
  const { launch } = await build('# apps\nweb: node "a b".js\n\nworker: sleep 1\r\n')
  expect(launch()).toEqual({
    processes: [
      { type: 'web', command: ['bash'], args: ['-c', 'node "a b".js'], default: true },
      { type: 'worker', command: ['bash'], args: ['-c', 'sleep 1'] },
    ],
  })
})

test.each(['web', 'worker'])('rejects a second line for %s with its number', async (type) => {
  const { status, stderr } = await build(`${type}: a\nother: b\n\n${type}: c\n`)
  expect(status).toBe(1)
  expect(stderr).toBe(`ERROR: line 4 of the Procfile names the process '${type}' a second time; keep one of the two lines.\n`)
})
