/** `cnb buildpack new`: the steps of the README of a new buildpack, in each language. */

import { execFile } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import { succeed } from '../../support/cnb.ts'
import { docker, runImage } from '../../support/engines/docker.ts'
import { newerNode } from '../../support/newer-node.ts'
import { USING_BUILDER } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

/** The engine's. Go compiles for one platform only: another one takes a minute without a cache. */
const TARGET = await docker('version', '--format', '{{.Server.Os}}/{{.Server.Arch}}')

it.each([
  ['bash', ['test/test.sh'], undefined],
  ['go', ['go', 'test', './...'], ['./compile.sh']],
  ['ts', ['npm', 'test'], ['npm', 'run', 'add-node']],
] as const)('makes a buildpack in %s that passes its test, and builds its sample app as a package', async (language, test, prepare) => {
  const directory = join(await bench.directory({}), 'buildpack')
  const tools = language === 'ts' ? `${await newerNode(bench.path)}${delimiter}` : ''
  const env = { ...process.env, PATH: `${tools}${process.env['PATH']}` }
  const run = ([program, ...args]: readonly [string, ...string[]]) => promisify(execFile)(program, args, { cwd: directory, env })
  await succeed(['buildpack', 'new', `acme/${language}`, '--language', language, '--targets', TARGET, '--path', directory])
  await run(test)
  if (prepare) await run(prepare)
  const file = join(bench.path, `${language}.cnb`)
  await succeed(['buildpack', 'package', file, '--format', 'file', '--path', directory])
  const image = bench.image()
  await succeed(['build', image, '--path', join(directory, 'test/app'), '--buildpack', file, ...USING_BUILDER])
  expect(await runImage(image)).toBe(`Hello from acme/${language} 1.0.0`)
})
