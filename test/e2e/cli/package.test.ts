/** The contents of the npm package. */

import { chmod, cp, mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import * as nodeModule from 'node:module'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import { libraryExample } from '../../support/library-example.ts'
import { execute, packPackage, ROOT } from '../../support/package.ts'

const directory = await makeTemporaryDirectory('cnb-package-')
/** Two copies of this checkout, with paths of different length and depth. */
const checkouts = [join(directory.path, 'one'), join(directory.path, 'another/of/them')]
const unpacked = join(directory.path, 'user/node_modules/cnb')
let tarballs: string[]

async function buildCopy(checkout: string): Promise<string> {
  for (const name of ['bin', 'src', 'package.json', 'README.md', 'LICENSE']) await cp(join(ROOT, name), join(checkout, name), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(checkout, 'node_modules'))
  await execute(process.execPath, ['bin/build.mjs'], { cwd: checkout })
  return packPackage(join(checkout, 'tarball'), checkout)
}

beforeAll(async () => {
  tarballs = await Promise.all(checkouts.map(buildCopy))
  await mkdir(unpacked, { recursive: true })
  await execute('tar', ['--extract', '--file', tarballs[0] ?? '', '--directory', unpacked, '--strip-components', '1'])
}, 180_000)
afterAll(() => directory[Symbol.asyncDispose]())

/** Missing in the types of Node 20. */
const { enableCompileCache } = nodeModule as { enableCompileCache?: unknown }

/** Runs a script as a module of the package's user. Returns its output. */
async function run(name: string, script: string): Promise<string> {
  const path = join(directory.path, 'user', name)
  await writeFile(path, script)
  return (await execute(process.execPath, [path])).stdout.trim()
}

describe('the package', () => {
  it('is equal, byte for byte, from two builds in different directories', async () => {
    const [one, another] = await Promise.all(tarballs.map((path) => readFile(path)))
    expect(one?.equals(another ?? Buffer.of())).toBe(true)
  })

  it("has at most 5 MB, without the path of the build's directory", async () => {
    const entries = await readdir(unpacked, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    let size = 0
    for (const file of files) {
      size += (await stat(file)).size
      const text = await readFile(file, 'latin1')
      for (const part of [directory.path, ROOT]) expect(text.includes(part), `${file} contains ${part}`).toBe(false)
    }
    expect(size).toBeLessThanOrEqual(5_000_000)
    const names = new Set(files.map((file) => file.slice(unpacked.length + 1).replace(/^dist\/.*/, 'dist')))
    expect([...names].sort()).toEqual(['LICENSE', 'README.md', 'bin/cnb.js', 'bin/package.json', 'dist', 'package.json'])
  })

  it('installs no other package and runs nothing', async () => {
    const manifest = JSON.parse(await readFile(join(unpacked, 'package.json'), 'utf8')) as Record<string, object | undefined>
    const kinds = ['dependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies', 'gypfile']
    expect(kinds.filter((kind) => manifest[kind] !== undefined)).toEqual([])
    const scripts = Object.keys(manifest['scripts'] ?? {})
    expect(scripts.filter((name) => /^(pre|post)?(install|pack|publish)$|^(pre|post)?prepare$|^dependencies$/.test(name))).toEqual([])
  })

  it('contains the licence of each bundled package: its text, or else its name and the author', async () => {
    const licences = (await readFile(join(unpacked, 'dist/LICENSES.txt'), 'utf8')).split('-'.repeat(80)).map((text) => text.trim())
    expect(licences.filter((text) => text.split('\n\n').length < 2)).toEqual([])
    expect(licences).toContainEqual(expect.stringMatching(/^undici [\d.]+ \(MIT\)\n\nMIT License\n/))
    expect(licences).toContainEqual(expect.stringMatching(/^split-ca [\d.]+ \(ISC\)\n\nThe package contains no text of its licence. Author: Charles Bushong. /))
  })

  // Node 20 has no such cache.
  it.skipIf(enableCompileCache === undefined)('stores compiled code for the next start, unless another user can write to the cache', async () => {
    const cache = join(directory.path, 'cache')
    const help = async (): Promise<string[]> => {
      await execute(process.execPath, [join(unpacked, 'bin/cnb.js'), '--help'], { env: { ...process.env, CNB_CACHE_DIR: cache, NODE_DISABLE_COMPILE_CACHE: undefined } })
      return readdir(cache)
    }
    await mkdir(cache)
    await chmod(cache, 0o777)
    expect(await help()).toEqual([])
    await chmod(cache, 0o755)
    expect(await help()).toEqual(['code'])
  })

  it('prints stack traces with positions in the sources', async () => {
    const env = { ...process.env, DOCKER_HOST: 'unix:///nonexistent/docker.sock', CNB_HOME: '/nonexistent' }
    const build = execute(process.execPath, [join(unpacked, 'bin/cnb.js'), 'build', 'app', '--builder', 'builder', '--verbose'], { env })
    const { stderr } = (await build.catch((error: unknown) => error)) as { stderr: string }
    expect(stderr).toMatch(/at .* \(src\/docker\/[\w/-]+\.ts:\d+:\d+\)\n/)
    expect(stderr).not.toContain(directory.path)
  })
})

describe('the library', () => {
  const EXPORTS = ['CnbError', 'ERRORS', 'build', 'connect', 'createBuilder', 'inspect', 'rebase']

  it('can be imported and required, without any effect', async () => {
    const print = `console.log(JSON.stringify([Object.keys(cnb).filter((name) => !/^(default|module.exports)$/.test(name)).sort(), process.listenerCount('SIGINT'), process.listenerCount('uncaughtException')]))`
    const expected = JSON.stringify([EXPORTS, 0, 0])
    expect(await run('import.mjs', `import * as cnb from 'cnb'; ${print}`)).toBe(expected)
    expect(await run('require.cjs', `const cnb = require('cnb'); ${print}`)).toBe(expected)
    expect(await run('named.mjs', `import { ERRORS, build } from 'cnb'; console.log(typeof build, ERRORS.CNB_USAGE.exit)`)).toBe('function 2')
  })

  it("has an example that compiles with strict settings and only Node's types", async () => {
    const user = join(directory.path, 'user')
    await mkdir(join(user, 'node_modules/@types'), { recursive: true })
    for (const name of ['@types/node', 'undici-types']) await symlink(join(ROOT, 'node_modules', name), join(user, 'node_modules', name))
    const example = await libraryExample()
    expect(example.trim().split('\n').length).toBeLessThan(30)
    await writeFile(join(user, 'example.mts'), example)
    await writeFile(join(user, 'required.cts'), "import cnb = require('cnb')\nexport const { connect } = cnb\nexport type Options = cnb.BuildOptions\n")
    await writeFile(join(user, 'wrong.mts'), "import { build, connect } from 'cnb'\nawait build({ imag: 'x' }, connect({ env: {}, cwd: '/' }))\n")
    const options = { strict: true, skipLibCheck: false, noEmit: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, lib: ['lib.es2023.d.ts'], types: ['node'] }
    const program = ts.createProgram(['example.mts', 'required.cts', 'wrong.mts'].map((name) => join(user, name)), options, {
      ...ts.createCompilerHost(options),
      getCurrentDirectory: () => user,
    })
    const found = ts.getPreEmitDiagnostics(program).map(({ file, code }) => `${file?.fileName.slice(user.length + 1)}: ${code}`)
    // 2561: the option is misspelt.
    expect(found).toEqual(['wrong.mts: 2561'])
  }, 180_000)
})
