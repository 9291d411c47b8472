/** What messages propose exists: every command of cnb and every option that a text of the program names. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { COMMANDS, parseCommandLine } from '../../../src/cli/program.ts'
import { DEFAULT_EXEC_ENV } from '../../../src/lifecycle/exec-env.ts'

const SOURCES = join(import.meta.dirname, '../../../src')
/** Options of other programs that cnb runs or proposes, and those of pack that it does not have. */
const FOREIGN = new Set(['--entrypoint', '--rm', '--host', '--expose-gc', '--wasm-tiering-budget', '--no-recursion', '--null'])
const FOREIGN_FILES = ['cli/pack-words.ts']

/** The texts of a source file, with `x` for what is put in. */
function textsIn(source: string): string[] {
  const texts: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) texts.push(node.text)
    if (ts.isTemplateExpression(node)) texts.push(node.head.text + node.templateSpans.map(({ literal }) => `x${literal.text}`).join(''))
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('', source, ts.ScriptTarget.Latest))
  return texts
}

const files = (await readdir(SOURCES, { recursive: true })).filter((file) => file.endsWith('.ts'))
const texts = (await Promise.all(files.map(async (file) => textsIn(await readFile(join(SOURCES, file), 'utf8')).map((text) => ({ file, text }))))).flat()

const flagsOf = (name: string): string[] => {
  const help = parseCommandLine([...name.split(' '), '--help'])
  return help.kind === 'print' ? (help.text.match(/(?<=[\s,])--?[a-z][a-z-]*/gi) ?? []) : []
}
const taken = new Map(COMMANDS.map(({ name }) => [name, new Set(flagsOf(name))]))
const allFlags = new Set([...taken.values()].flatMap((flags) => [...flags]).concat('--version'))

describe('a text of the program', () => {
  it('names no option that no command takes', () => {
    const named = texts.flatMap(({ file, text }) => (text.match(/(?<![\w-])--[a-z][a-z-]+/g) ?? []).map((flag) => ({ file, flag })))
    expect(named.length).toBeGreaterThan(100)
    expect(named.filter(({ file, flag }) => !allFlags.has(flag) && !FOREIGN.has(flag) && !FOREIGN_FILES.includes(file))).toEqual([])
  })

  it('names commands with options that they take', () => {
    const groups = [...new Set(COMMANDS.map(({ name }) => name.split(' ')[0] ?? ''))].join('|')
    const proposed = texts.flatMap(({ file, text }) => [...text.matchAll(new RegExp(`\\bcnb ((?:${groups})\\b[^'|;,]*)`, 'g'))].map(([, words = '']) => ({ file, words })))
    expect(proposed.length).toBeGreaterThan(20)
    for (const { file, words } of proposed) {
      const name = [words.split(/[ .]/).slice(0, 2).join(' '), words.split(/[ .]/)[0] ?? ''].find((start) => taken.has(start))
      // Some name a command that only holds others.
      if (name === undefined) expect(`${file}: ${words}`).toMatch(/: (?:builder|sbom)\.?$/)
      for (const flag of words.match(/(?<=\s)--?[a-z][a-z-]*/gi) ?? []) expect(`${file}: ${words} ${[...(taken.get(name ?? '') ?? [])].includes(flag) ? '' : `lacks ${flag}`}`).not.toContain('lacks')
    }
  })
})

describe('a default in help', () => {
  const defaults = COMMANDS.flatMap(({ groups }) => groups.flatMap(({ options }) => Object.values(options))).flatMap(({ flags, description }) => {
    const words = /\(default: ([^)]*)\)/.exec(description)?.[1]
    return words === undefined ? [] : [`${flags.replace(/ <.*/, '')}: ${words}`]
  })

  it('is one that the code has', async () => {
    const remote = await readFile(join(SOURCES, 'operations/rebase/rebase-remote.ts'), 'utf8')
    // A new one is looked up in the code before it gets into this list.
    expect([...new Set(defaults)].sort()).toEqual([
      '--concurrency: ' + (/^const CONCURRENCY = (\d+)$/m.exec(remote)?.[1] ?? ''),
      '--depth: all the way',
      `--exec-env: ${DEFAULT_EXEC_ENV}`,
      '--output-dir: the working directory',
      "--platform: the engine's, or this machine's in a registry",
      '--previous-image: the image itself',
      '-B, --builder: the one that project.toml or else the configuration file names',
      '-D, --default-process: the one that the buildpacks choose, if any',
      '-d, --descriptor: project.toml in the app',
      '-p, --path: the working directory',
    ])
  })
})
