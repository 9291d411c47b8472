// Builds dist/, the published files besides bin/cnb.js.
//
// These are the command (main.js) and the library (index.js) with the chunks that they
// share, as CommonJS, which Node starts faster than modules; source maps; declarations of the library's types; licences.

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, posix } from 'node:path'
import { build, transform } from 'esbuild'
import ts from 'typescript'
import { BUNDLING } from './bundling.mjs'

const ROOT = join(import.meta.dirname, '..')
const DIST = join(ROOT, 'dist')

/** Shortens the local names in libraries, and replaces their source maps, which would be two thirds of all maps, with empty ones. */
const smallLibraries = {
  name: 'small-libraries',
  setup(builder) {
    const map = Buffer.from(JSON.stringify({ version: 3, sources: ['library'], mappings: 'AAAA' })).toString('base64')
    builder.onLoad({ filter: /[/\\]node_modules[/\\].*\.[cm]?js$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, 'utf8'), { minifyIdentifiers: true, target: BUNDLING.target })
      return { contents: `${code}\n//# sourceMappingURL=data:application/json;base64,${map}` }
    })
  },
}

/**
 * Bundles main.ts and index.ts. Splitting creates chunks of lazily imported modules, so a command reads only the code that it
 * needs. esbuild splits ES modules only, so a second step converts the chunks to CommonJS.
 */
async function bundle() {
  const { outputFiles, metafile } = await build({
    ...BUNDLING,
    plugins: [...BUNDLING.plugins, smallLibraries],
    absWorkingDir: ROOT,
    // Keeps the paths in source maps below this directory even if node_modules is a link.
    preserveSymlinks: true,
    entryPoints: ['src/main.ts', 'src/index.ts'],
    outdir: DIST,
    format: 'esm',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    sourcemap: 'inline',
    sourcesContent: false,
    write: false,
  })
  for (const { path, text } of outputFiles) {
    const options = { format: 'cjs', platform: 'node', target: BUNDLING.target, minifyWhitespace: true, supported: { 'dynamic-import': false } }
    const { code, map } = await transform(text, { ...options, sourcemap: 'external', sourcesContent: false })
    await write(path, `${code}//# sourceMappingURL=${basename(path)}.map\n`)
    await write(`${path}.map`, map)
  }
  return metafile
}

/** Returns the licences of all packages in the bundle, as most licences require; each text once. */
async function licences({ outputs }) {
  const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs))
  const folders = new Set(inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []))
  const packages = new Map()
  for (const folder of [...folders].sort()) {
    const { name, version, license, author } = JSON.parse(await readFile(join(ROOT, folder, 'package.json'), 'utf8'))
    const file = (await readdir(join(ROOT, folder))).find((entry) => /^licen[cs]e/i.test(entry))
    const text = (file === undefined ? withoutText(name, license, author) : await readFile(join(ROOT, folder, file), 'utf8')).trim()
    packages.set(text, [...(packages.get(text) ?? []), `${name} ${version} (${license})`])
  }
  const parts = [...packages].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`)
  return `dist/ contains parts of these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`
}

/** Returns the words for a package without a licence file. @throws Error if its package.json lacks the licence's SPDX ID or the author */
function withoutText(name, license, author) {
  const by = author?.name ?? author
  if (typeof license !== 'string' || typeof by !== 'string') throw new Error(`the package ${name} has no licence file, and its package.json lacks the licence or the author`)
  return `The package contains no text of its licence. Author: ${by}. Licence: https://spdx.org/licenses/${license}.html`
}

/** Writes the declarations of the library and of all files that they refer to, each file on its own. */
async function declareTypes() {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, verbatimModuleSyntax: true, stripInternal: true }
  const paths = new Set(['index.ts'])
  for (const path of paths) {
    const source = await readFile(join(ROOT, 'src', path), 'utf8')
    const { outputText, diagnostics } = ts.transpileDeclaration(source, { fileName: path, reportDiagnostics: true, compilerOptions })
    for (const { messageText } of diagnostics ?? []) throw new Error(`src/${path}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
    const declarations = outputText.replace(/(from |import\()'(\..*)\.ts'/g, (_, before, target) => {
      paths.add(posix.join(posix.dirname(path), `${target}.ts`))
      return `${before}'${target}.js'`
    })
    await write(join(DIST, 'types', path.replace(/\.ts$/, '.d.ts')), declarations)
  }
}

async function write(path, text) {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

await rm(DIST, { recursive: true, force: true })
await write(join(DIST, 'package.json'), '{ "type": "commonjs" }\n')
await write(join(DIST, 'LICENSES.txt'), await licences(await bundle()))
await declareTypes()
