/** The house rules of src/, checked on a file's syntax tree (docs/architecture.md). */

import { posix } from 'node:path'
import ts from 'typescript'

const BASE = ['base']
const OCI = [...BASE, 'formats', 'oci']
const DOCKER = [...OCI, 'archive']
const IMAGES = [...DOCKER, 'docker', 'registry']
const BUILDPACKS = [...IMAGES, 'images', 'git']
const BUILDER = [...BUILDPACKS, 'buildpacks']
const LIFECYCLE = [...BUILDER, 'builder', 'project']
const RESOURCES = [...OCI, 'resources']
const OPERATIONS = [...LIFECYCLE, 'lifecycle', 'resources', 'reconcile', 'signing', 'sources', 'state', 'sbom']

/** The folders that each folder of src/ may import, besides itself and Node's modules. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  formats: BASE,
  oci: [...BASE, 'formats'],
  archive: OCI,
  docker: DOCKER,
  registry: OCI,
  git: BASE,
  images: IMAGES,
  buildpacks: BUILDPACKS,
  builder: BUILDER,
  project: [...OCI, 'archive'],
  lifecycle: LIFECYCLE,
  resources: OCI,
  reconcile: RESOURCES,
  signing: RESOURCES,
  sbom: [...BASE, 'formats'],
  state: RESOURCES,
  sources: [...RESOURCES, 'archive', 'registry', 'images', 'git'],
  operations: OPERATIONS,
  ui: BASE,
  cli: [...BASE, 'operations', 'ui', 'formats'],
  main: [...OPERATIONS, 'operations', 'ui', 'cli'],
  index: [...OPERATIONS, 'operations'],
}

/** The one folder that may import an npm package. */
const PACKAGES: Readonly<Record<string, string>> = {
  commander: 'cli',
  chalk: 'ui',
  ora: 'ui',
  dockerode: 'docker',
  'docker-modem': 'docker',
  'tar-stream': 'archive',
  yauzl: 'archive',
  ignore: 'archive',
  '@iarna/toml': 'formats',
  'smol-toml': 'formats',
  yaml: 'formats',
  zod: 'formats',
  semver: 'sbom',
  'packageurl-js': 'sbom',
  'spdx-expression-parse': 'sbom',
  'spdx-license-ids': 'sbom',
  '@noble/ciphers': 'signing',
  undici: 'registry',
}

const MAX_LINES = 300
const MAX_FILES = 15
const FORBIDDEN_FOLDERS = new Set(['utils', 'helpers', 'common', 'util', 'helper', 'shared', 'misc'])
/** Constants of the running process; everything else of `process` is state that only main.ts reads. */
const PROCESS_CONSTANTS = new Set(['pid', 'platform', 'arch', 'version', 'versions', 'getuid'])
/** Modules that affect the whole process, which belongs to the user if cnb is a library. */
const V8_MODULES = new Set(['node:v8', 'node:vm', 'node:inspector'])

/**
 * Returns the rules that one file breaks, each as `path:line: rule`.
 * @param path relative to src/, with forward slashes
 */
export function violations(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const report = (node: ts.Node, what: string): void => {
    found.push(`${path}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${what}`)
  }

  const folders = path.split('/').slice(0, -1)
  for (const folder of folders) {
    if (FORBIDDEN_FOLDERS.has(folder)) found.push(`${path}:1: a folder is named for what is in it, not '${folder}'`)
  }
  const lines = text.replace(/\n$/, '').split('\n').length
  if (lines > MAX_LINES) found.push(`${path}:${MAX_LINES + 1}: ${lines} lines are more than ${MAX_LINES}`)

  const visit = (node: ts.Node): void => {
    const target = importedBy(node)
    if (target !== undefined) {
      const broken = brokenArrow(path, target)
      if (broken !== undefined) report(node, broken)
    }
    if (isDefaultExport(node)) report(node, 'exports have names; no default export')
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && node.exportClause === undefined) {
      report(node, 'no barrels: import from the file itself')
    }
    // The name is compared first, because finding its declaration takes a walk over the scopes.
    if (path !== 'main.ts' && ts.isIdentifier(node) && (node.text === 'process' || node.text === 'console') && isFreeName(node)) {
      if (node.text === 'process' && !readsConstant(node)) report(node, 'only main.ts reads the process')
      if (node.text === 'console') report(node, 'nothing but a reporter prints')
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  if (path !== 'main.ts') {
    for (const statement of source.statements) if (!declares(statement)) report(statement, 'importing a file has no effects')
  }
  return found
}

/** Whether a statement of a module only declares something. */
function declares(statement: ts.Statement): boolean {
  return ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement) || ts.isExportAssignment(statement)
    || ts.isVariableStatement(statement) || ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)
    || ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)
}

/**
 * Returns the rules that the files break together: at most 15 files in a folder, and no cycle of imports, including types.
 * @param texts each file's text by its path relative to src/, with forward slashes
 */
export function structureViolations(texts: ReadonlyMap<string, string>): string[] {
  const files = new Map<string, number>()
  for (const path of texts.keys()) {
    const folder = posix.dirname(path)
    files.set(folder, (files.get(folder) ?? 0) + 1)
  }
  const full = [...files].filter(([, count]) => count > MAX_FILES).map(([folder, count]) => `${folder}/: ${count} files are more than ${MAX_FILES}`)
  return [...full, ...cycles(texts).map((cycle) => `cycle of imports: ${cycle.join(' → ')}`)]
}

/** Returns cycles of imports, each from its first file back to it. A file is in one cycle at most. */
function cycles(texts: ReadonlyMap<string, string>): string[][] {
  const found: string[][] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) found.push([...trail.slice(at), path])
    if (at >= 0 || done.has(path)) return
    for (const target of filesImportedBy(path, texts.get(path) ?? '')) {
      if (texts.has(target)) visit(target, [...trail, path])
    }
    done.add(path)
  }
  for (const path of texts.keys()) visit(path, [])
  return found
}

function filesImportedBy(path: string, text: string): string[] {
  const targets = ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName)
  return targets.filter((target) => target.startsWith('.')).map((target) => posix.join(posix.dirname(path), target))
}

/** Returns the module that a node imports: static, dynamic, re-exported or as a type. */
function importedBy(node: ts.Node): string | undefined {
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) return textOf(node.moduleSpecifier)
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return textOf(node.arguments[0])
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return textOf(node.argument.literal)
  return undefined
}

function textOf(node: ts.Node | undefined): string {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : '<computed>'
}

function brokenArrow(path: string, target: string): string | undefined {
  const from = path === 'main.ts' || path === 'index.ts' ? posix.basename(path, '.ts') : path.split('/', 1)[0] ?? ''
  const allowed = ARROWS[from]
  if (allowed === undefined) return `src/${from}/ is not a folder of the house`
  if (target === 'node:process' && from !== 'main') return 'only main.ts reads the process'
  if (V8_MODULES.has(target) && from !== 'main') return 'only main.ts changes V8'
  if (target.startsWith('node:')) return undefined
  if (!target.startsWith('.')) {
    const name = target.split('/').slice(0, target.startsWith('@') ? 2 : 1).join('/')
    if (PACKAGES[name] === undefined) return `'${name}' is not a package that src may use`
    return PACKAGES[name] === from ? undefined : `'${name}' is imported in ${PACKAGES[name]}/ only`
  }
  const resolved = new URL(target, `file:///${path}`).pathname.slice(1)
  if (!resolved.endsWith('.ts')) return `'${target}' lacks its extension`
  if (resolved === 'main.ts' || resolved === 'index.ts') return `nothing imports ${resolved}`
  const to = resolved.split('/', 1)[0] ?? ''
  return to === from || allowed.includes(to) ? undefined : `${from} must not import ${to}`
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true
  if (ts.isExportSpecifier(node)) return node.name.text === 'default'
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword)
}

/** Whether an identifier refers to a variable, not to a property, key or declaration. */
function isFreeName(node: ts.Identifier): boolean {
  const { parent } = node
  if (isShadowed(node)) return false
  if (ts.isPropertyAccessExpression(parent) || ts.isQualifiedName(parent)) return parent.getStart() === node.getStart()
  const named = parent as ts.Node & { name?: ts.Node; propertyName?: ts.Node }
  return named.name !== node && named.propertyName !== node || ts.isShorthandPropertyAssignment(parent)
}

/** Whether a variable or parameter of the same name is declared around a use (`for (const process of processes) …`). */
function isShadowed(use: ts.Identifier): boolean {
  const declares = (node: ts.Node): boolean => {
    if (isScope(node)) return false
    if ((ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node)) && declaresName(node.name, use.text)) return true
    return ts.forEachChild(node, (child) => declares(child) || undefined) ?? false
  }
  for (let scope: ts.Node = use.parent; !ts.isSourceFile(scope); scope = scope.parent) {
    if (isScope(scope) && (ts.forEachChild(scope, (child) => declares(child) || undefined) ?? false)) return true
  }
  return false
}

function isScope(node: ts.Node): boolean {
  return ts.isBlock(node) || ts.isFunctionLike(node) || ts.isForOfStatement(node) || ts.isForStatement(node) || ts.isForInStatement(node)
}

function declaresName(name: ts.BindingName, text: string): boolean {
  return ts.isIdentifier(name) && name.text === text
}

function readsConstant(node: ts.Identifier): boolean {
  return ts.isPropertyAccessExpression(node.parent) && PROCESS_CONSTANTS.has(node.parent.name.text)
}
