/** Checks links, paths, command lines, TOML and citations. */

import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseCommandLine } from '../../../src/cli/program.ts'
import { PLATFORM_APIS } from '../../../src/formats/api-features.ts'
import { parseToml } from '../../../src/formats/toml.ts'
import { anchors, cnbCommands, codeBlocks, relativeLinks } from '../../support/documents/markdown.ts'

const ROOT = join(import.meta.dirname, '../../..')
const DOCUMENTS = ['.', '.github', 'docs', 'builders', 'fixtures'].flatMap((folder) => markdownIn(folder, folder !== '.'))
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

function markdownIn(folder: string, recursive: boolean): string[] {
  const names = existsSync(join(ROOT, folder)) ? readdirSync(join(ROOT, folder), { recursive, encoding: 'utf8' }) : []
  return names.filter((name) => name.endsWith('.md')).map((name) => join(folder, name))
}

/** The fault of a link in a document; undefined if it leads to a file, and to a heading in it. */
function fault(document: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? document : join(dirname(document), path)
  if (relative(ROOT, join(ROOT, target)).startsWith('..') || !existsSync(join(ROOT, target))) return `${document}: ${link} leads nowhere`
  if (anchor === undefined) return undefined
  if (statSync(join(ROOT, target)).isDirectory() || !anchors(read(target)).has(anchor)) return `${document}: ${link} has no such heading`
  return undefined
}

describe('the documentation', () => {
  it('links to files and headings that exist', () => {
    expect(DOCUMENTS).toContain('README.md')
    expect(DOCUMENTS.flatMap((document) => relativeLinks(read(document)).flatMap((link) => fault(document, link) ?? []))).toEqual([])
  })

  it('leads from the README to every document', () => {
    const reached = new Set(['README.md'])
    for (const document of reached) {
      for (const link of relativeLinks(read(document))) {
        const target = join(dirname(document), link.split('#', 1)[0] ?? '')
        if (DOCUMENTS.includes(target)) reached.add(target)
      }
    }
    expect(DOCUMENTS.filter((document) => document.startsWith('docs/') && !reached.has(document))).toEqual([])
  })

  it.each(DOCUMENTS.filter((document) => cnbCommands(read(document)).length > 0))('has command lines that cnb accepts (%s)', (document) => {
    for (const { line, argv } of cnbCommands(read(document))) {
      const parsed = parseCommandLine(argv)
      expect(parsed.kind === 'wrong' ? `${line}: ${parsed.error.message}` : '').toBe('')
    }
  })

  it.each(DOCUMENTS.filter((document) => codeBlocks(read(document)).some(({ language }) => language === 'toml')))('has valid TOML (%s)', (document) => {
    for (const { language, text } of codeBlocks(read(document))) if (language === 'toml') parseToml(text, document)
  })

  it('names only files that exist', () => {
    expect(DOCUMENTS.flatMap((document) => absentPaths(read(document)).map((path) => `${document}: ${path}`))).toEqual([])
  })

  it('states the supported Platform API versions', () => {
    const ranges = DOCUMENTS.flatMap((document) => [...read(document).matchAll(/^\| Platform API \| ([\d.]+ to [\d.]+)/gm)].map(([, range]) => [document, range]))
    const supported = `${PLATFORM_APIS[0]} to ${PLATFORM_APIS.at(-1)}`
    expect(ranges).toEqual([['README.md', supported], ['docs/compatibility.md', supported]])
  })

  it('begins with a README of at most 150 lines', () => {
    expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150)
  })
})

/** Every file of the folders that documents and comments cite, by its path below the root. */
const FILES = ['src', 'test', 'bin', 'docs', 'builders', 'fixtures', 'findings', '.github'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
)

/** The programs of a buildpack or extension (buildpack.md). */
const BUILDPACK_PROGRAMS = new Set(['bin/detect', 'bin/build', 'bin/generate'])

/** Comments of a TypeScript or JavaScript file, by line. */
function commentLines(file: string): string[] {
  return [...read(file).matchAll(/^\s*(?:\/?\*|\/\/).*$/gm)].map(([line]) => line)
}

/**
 * The paths in backticks that lead nowhere: from the root (`src/main.ts`), and names of TypeScript files (`ui/sanitize.ts`), which may be
 * relative to any folder of src or test. Of a pattern (`src/<name>.ts`), the folder before it must exist.
 */
function absentPaths(text: string): string[] {
  const fromRoot = [...text.matchAll(/`((?:src|test|bin|docs)\/[^`\s]*)`/g)].map(([, path = '']) => path)
  const typescript = [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, path = '']) => path).filter((path) => !fromRoot.includes(path))
  return [
    ...fromRoot.filter((path) => !BUILDPACK_PROGRAMS.has(path) && !existsSync(join(ROOT, path.replace(/[#:].*$|[^/]*[*<{…].*$/, '')))),
    ...typescript.filter((path) => !FILES.some((file) => file.endsWith(`/${path}`))),
  ]
}

/** The chapters of github.com/buildpacks/spec, of OCI's image-spec, and of gRPC's documentation. */
const SPECIFICATIONS = new Set([
  'platform.md', 'buildpack.md', 'distribution.md', 'image_extension.md', 'project-descriptor.md', 'bindings.md',
  'annotations.md', 'config.md', 'descriptor.md', 'image-index.md', 'image-layout.md', 'manifest.md', 'media-types.md',
  'PROTOCOL-HTTP2.md', 'statuscodes.md',
])

/** Files with comments. */
const SOURCES = FILES.filter((file) => /^(src|test|bin)\/.*\.(ts|js|mjs)$/.test(file))

describe('a comment', () => {
  it('cites only documents that a reader can open', () => {
    const faults = SOURCES.flatMap((file) => {
      const comments = commentLines(file)
      const cited = comments.flatMap((line) => [...line.matchAll(/[\w./-]+\.md\b/g)].map(([name]) => name))
      const absent = cited.filter((name) => !SPECIFICATIONS.has(basename(name)) && !existsSync(join(ROOT, name)))
      const notes = comments.flatMap((line) => /\bspec §|\bissue \d|\bthe peer\b/i.exec(line)?.[0] ?? [])
      return [...absent, ...notes].map((what) => `${file}: ${what}`)
    })
    expect(faults).toEqual([])
  })

  it('names only files that exist', () => {
    expect(SOURCES.flatMap((file) => absentPaths(commentLines(file).join('\n')).map((path) => `${file}: ${path}`))).toEqual([])
  })
})

describe('the reader of documents', () => {
  it('finds headings as GitHub names them, and none in code', () => {
    expect([...anchors('# A `b` (c)\n## A b c\n## x, y: z\n```sh\n# no\n```\n')]).toEqual(['a-b-c', 'a-b-c-1', 'x-y-z'])
  })

  it('finds links within the repository', () => {
    expect(relativeLinks('[a](b.md#c) [d](https://x.example/y) `[e](f)` [g](#h)\n```md\n[i](j)\n```\n')).toEqual(['b.md#c', '#h'])
  })

  it('finds paths that lead nowhere', () => {
    expect(absentPaths('`src/main.ts` `src/no.ts` `src/cli/commands/<name>.ts` `src/no/<name>.ts` `ui/sanitize.ts` `no-such.ts` `bin/build` src/no')).toEqual([
      'src/no.ts', 'src/no/<name>.ts', 'no-such.ts',
    ])
  })

  it('splits command lines as a shell does', () => {
    const text = "```sh\ncnb build a --registry-mirror '*=m.example' \\\n  -e \"A=b\"   # why\ncnb inspect a | jq .x\necho cnb\n```\n"
    expect(cnbCommands(text).map(({ argv }) => argv)).toEqual([['build', 'a', '--registry-mirror', '*=m.example', '-e', 'A=b'], ['inspect', 'a']])
  })
})
