// Builds dist/, the published files besides bin/cnb.js.
//
// These are the command (main.js) and the library (index.js) with the chunks that they
// share, as CommonJS, which Node starts faster than modules; source maps; declarations of the library's types; man pages; licences; an SBOM.

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { build } from 'rolldown'
import { minifySync } from 'rolldown/utils'
import ts from 'typescript'
import { BUNDLING } from './bundling.mjs'

const ROOT = join(import.meta.dirname, '..')
const DIST = join(ROOT, 'dist')

/** Shortens the local names in libraries, and leaves them out of source maps, of which they would be two thirds. */
const smallLibraries = {
  name: 'small-libraries',
  transform: {
    filter: { id: /[/\\]node_modules[/\\].*\.[cm]?js$/ },
    handler(code, id) {
      return { code: minifySync(id, code, { compress: false, mangle: true }).code, map: { mappings: '' } }
    },
  },
}

/**
 * Files of the bundle, in the order of use. Each has the named modules and all that they import, apart from the files before it and
 * from lazily imported modules. A file takes a third of a millisecond to load, so what is used together is together.
 */
const FILES = {
  start: ['main.ts'],
  parser: ['cli/program.ts'],
  endpoint: ['operations/completion/engine-names.ts', 'docker/connection/endpoint.ts'],
  command: ['cli/run.ts', 'operations/connections.ts', 'base/spent-chunks.ts', 'docker/engine.ts', 'docker/engine-errors.ts'],
  references: ['registry/auth/keychain.ts', 'oci/read-config.ts', 'oci/reference.ts', 'oci/platform.ts'],
  engine: ['docker/connection/connect.ts', 'docker/connection/endpoint.ts', 'docker/orphans.ts'],
  image: ['cli/commands/inspect-handler.ts'],
  network: ['base/limiter.ts', 'registry/mirrors.ts', 'registry/registry-errors.ts', 'registry/transport/abortable.ts', 'registry/transport/proxies.ts', 'registry/transport/retries.ts', 'registry/transport/redirects.ts'],
  builder: ['cli/commands/builder/create-handler.ts'],
  build: ['cli/commands/build-handler.ts', 'lifecycle/native/native-lifecycle.ts'],
  phases: ['lifecycle/native/run-build.ts', 'images/sinks/to-engine.ts'],
  registry: ['registry/open-registries.ts', 'images/sinks/to-registry.ts'],
}

/** Bundles main.ts and index.ts. Splitting creates chunks of the other lazily imported modules: a command reads only code that it needs. */
async function bundle() {
  const entries = ['main.ts', 'index.ts'].map((name) => join(ROOT, 'src', name))
  const groups = Object.entries(FILES).map(([name, roots], index) => {
    let modules
    const nameFile = (id, graph) => {
      modules ??= new Set(roots.flatMap((root) => [...importsOf(join(ROOT, 'src', root), graph)]))
      // The library uses the files too, but not main.ts.
      return modules.has(id) && !entries.includes(id) ? name : null
    }
    return { name: nameFile, debugName: name, priority: Object.keys(FILES).length - index }
  })
  const { output } = await build({
    ...BUNDLING,
    cwd: ROOT,
    plugins: [...BUNDLING.plugins, smallLibraries],
    // Keeps the paths in source maps below this directory even if node_modules is a link.
    resolve: { symlinks: false },
    input: entries,
    output: {
      dir: DIST,
      format: 'cjs',
      exports: 'named',
      dynamicImportInCjs: false,
      chunkFileNames: 'chunks/[name]-[hash].js',
      hashCharacters: 'base36',
      codeSplitting: { groups },
      comments: false,
      minify: { compress: { target: 'node20' }, mangle: false, codegen: { removeWhitespace: true } },
      sourcemap: true,
      sourcemapExcludeSources: true,
    },
  })
  return output.flatMap(({ moduleIds = [] }) => moduleIds)
}

/** Returns a module and all modules that it imports, apart from the lazily imported ones. */
function importsOf(id, graph, found = new Set()) {
  if (found.has(id)) return found
  found.add(id)
  for (const imported of graph.getModuleInfo(id)?.importedIds ?? []) importsOf(imported, graph, found)
  return found
}

/** Returns the manifests and folders of the packages in the bundle, in the order of their names. */
async function packagesOf(modules) {
  const folders = new Set(modules.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []))
  return Promise.all([...folders].sort().map(async (folder) => ({ folder, ...JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) })))
}

/** Returns the licences of packages, as most licences require; each text once. */
async function licences(packages) {
  const names = new Map()
  for (const { folder, name, version, license, author } of packages) {
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
    const text = (file === undefined ? withoutText(name, license, author) : await readFile(join(folder, file), 'utf8')).trim()
    names.set(text, [...(names.get(text) ?? []), `${name} ${version} (${license})`])
  }
  const parts = [...names].map(([text, of]) => `${of.join('\n')}\n\n${text}\n`)
  return `dist/ contains parts of these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`
}

/** Returns the SBOM of the bundle in CycloneDX's form. It has no time and no serial number, so two builds are equal. */
async function sbom(packages) {
  const component = ({ name, version, license }, type) => {
    const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
    // An expression such as `(MIT OR Apache-2.0)` has spaces.
    return { type, 'bom-ref': purl, name, version, purl, licenses: [/\s/.test(license) ? { expression: license } : { license: { id: license } }] }
  }
  const own = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const components = packages.map((manifest) => component(manifest, 'library'))
  return `${JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, metadata: { component: component(own, 'application') }, components }, undefined, 2)}\n`
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

/** Writes the man pages, with a bundle of the file that makes them: the definitions of the commands, without their handlers. */
async function writeManPages() {
  const withoutHandlers = { name: 'without-handlers', resolveDynamicImport: (id) => ({ id: String(id), external: true }) }
  const input = join(ROOT, 'src/cli/man-pages.ts')
  const { output: [{ code }] } = await build({ ...BUNDLING, cwd: ROOT, plugins: [withoutHandlers], input, output: { format: 'esm' }, write: false })
  const { manPages } = await import(`data:text/javascript,${encodeURIComponent(code)}`)
  for (const [name, page] of manPages()) await write(join(DIST, 'man', name), page)
}

async function write(path, text) {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

await rm(DIST, { recursive: true, force: true })
await write(join(DIST, 'package.json'), '{ "type": "commonjs" }\n')
const packages = await packagesOf(await bundle())
await write(join(DIST, 'LICENSES.txt'), await licences(packages))
await write(join(DIST, 'sbom.cdx.json'), await sbom(packages))
await declareTypes()
await writeManPages()
