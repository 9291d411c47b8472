/** The packed npm package in an empty directory: the command and the library on an engine. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { BuildResult } from '../../../src/operations/build/build-result.ts'
import { succeedJson } from '../../support/cnb.ts'
import { runImage } from '../../support/engines/docker.ts'
import { libraryExample } from '../../support/library-example.ts'
import { execute, unpackPackage } from '../../support/package.ts'
import { startRegistry } from '../../support/registry/registry.ts'
import { BUILDER, USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
let user: string
let app: string
let binary: string

beforeAll(async () => {
  user = await bench.directory({})
  app = await bench.directory(appFiles(processes({ web: 'cat /workspace/words' }), { words: 'hello\n' }))
  binary = join(await unpackPackage(user), 'bin/cnb.js')
})
afterAll(() => bench.clear())

it('builds, inspects and publishes with the command', async () => {
  const image = bench.image()
  const { id } = await succeedJson<BuildResult>(['build', image, '--path', app, ...USING_BUILDER], { binary, cwd: user })
  expect(await runImage(image)).toBe('hello')
  expect(await succeedJson(['inspect', image], { binary, cwd: user })).toMatchObject({ source: 'engine', id })
  await using registry = await startRegistry()
  const published = `${registry.address}/app`
  await succeedJson<BuildResult>(['build', published, '--path', app, ...USING_BUILDER, '--publish'], { binary, cwd: user })
  expect(await succeedJson(['inspect', published, '--remote'], { binary, cwd: user })).toMatchObject({ source: 'registry', processes: [{ type: 'web' }] })
})

it("runs the library's example of docs/library.md", async () => {
  const image = bench.image()
  const { outputText } = ts.transpileModule(await libraryExample(), { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } })
  await writeFile(join(user, 'example.mjs'), outputText)
  const { stdout, stderr } = await execute(process.execPath, ['example.mjs', image, app, BUILDER], { cwd: user })
  expect(JSON.parse(stdout)).toEqual({ reference: expect.any(String), processes: ['web'] })
  expect(stderr).toContain("[exporter] Setting default process type 'web'")
  expect(await runImage(image)).toBe('hello')
})
