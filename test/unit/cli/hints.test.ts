/** Every command and option that a message of cnb mentions exists. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../../src/cli/command-list.ts'
import { parseCommandLine } from '../../../src/cli/program.ts'
import { DEFAULT_EXEC_ENV } from '../../../src/lifecycle/exec-env.ts'

const SOURCES = join(import.meta.dirname, '../../../src')
/** Options of other programs that cnb runs or mentions, and pack options that cnb does not have. */
const FOREIGN = new Set(['--entrypoint', '--rm', '--host', '--expose-gc', '--wasm-tiering-budget', '--semi-space-growth-factor', '--no-recursion', '--null', '--test', '--print', '--yes', '--disable-warning'])
const FOREIGN_FILES = ['cli/pack-words.ts', 'cli/pack/dialect.ts', 'cli/pack/without-meaning.ts', 'buildpacks/registry/index-repository.ts', 'git/work-tree.ts', 'sources/git/remote-access.ts', 'sources/git/repository.ts', 'lifecycle/native/run/session/session-script.ts']

/** Returns the strings of a source file, with `x` for each substitution; none without parsing if no string can mention an option or command. */
function textsIn(source: string): string[] {
  if (!/--[a-z]|\bcnb /.test(source)) return []
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

describe('a message', () => {
  it('mentions only existing options', () => {
    const named = texts.flatMap(({ file, text }) => (text.match(/(?<![\w-])--[a-z][a-z-]+/g) ?? []).map((flag) => ({ file, flag })))
    expect(named.length).toBeGreaterThan(100)
    expect(named.filter(({ file, flag }) => !allFlags.has(flag) && !FOREIGN.has(flag) && !FOREIGN_FILES.includes(file))).toEqual([])
  })

  it('mentions commands only with their own options', () => {
    const groups = [...new Set(COMMANDS.map(({ name }) => name.split(' ')[0] ?? ''))].join('|')
    const proposed = texts.flatMap(({ file, text }) => [...text.matchAll(new RegExp(`\\bcnb ((?:${groups})\\b[^'|;,)\\n]*)`, 'g'))].map(([, words = '']) => ({ file, words })))
    expect(proposed.length).toBeGreaterThan(20)
    for (const { file, words } of proposed) {
      const name = [words.split(/[ .]/).slice(0, 3).join(' '), words.split(/[ .]/).slice(0, 2).join(' '), words.split(/[ .]/)[0] ?? ''].find((start) => taken.has(start))
      // Some mention a parent command.
      if (name === undefined) expect(`${file}: ${words}`).toMatch(/: (?:builder|buildpack|config|config default-builder|extension|sbom)\.?$/)
      for (const flag of words.match(/(?<=\s)--?[a-z][a-z-]*/gi) ?? []) expect(`${file}: ${words} ${[...(taken.get(name ?? '') ?? [])].includes(flag) ? '' : `lacks ${flag}`}`).not.toContain('lacks')
    }
  })
})

describe('a default in help', () => {
  const defaults = COMMANDS.flatMap(({ groups }) => groups.flatMap(({ options }) => Object.values(options))).flatMap(({ flags, description }) => {
    const words = /\(default: ([^)]*)\)/.exec(description)?.[1]
    return words === undefined ? [] : [`${flags.replace(/ <.*/, '')}: ${words}`]
  })

  it('matches the code', async () => {
    const remote = await readFile(join(SOURCES, 'operations/rebase/rebase-many.ts'), 'utf8')
    const images = await readFile(join(SOURCES, 'operations/resources/images/reconcile-images.ts'), 'utf8')
    const intervals = await readFile(join(SOURCES, 'operations/resources/watch/intervals.ts'), 'utf8')
    const interval = (name: string): string => new RegExp(`^const DEFAULTS = .*\\b${name}: '(\\w+)'`, 'm').exec(intervals)?.[1] ?? ''
    // Before you add a default to this list, check it in the code.
    expect([...new Set(defaults)].sort()).toEqual([
      '--concurrency: ' + (/^export const CONCURRENCY = (\d+)$/m.exec(remote)?.[1] ?? ''),
      `--exec-env: ${DEFAULT_EXEC_ENV}`,
      "--gid: the builder's",
      '--git-revision: main',
      '--max-parallel: ' + (/^export const PARALLEL_BUILDS = (\d+)$/m.exec(images)?.[1] ?? ''),
      '--output-dir: working directory',
      '--output-file: stdout',
      "--platform: engine's or host's",
      "--platform: the engine's",
      '--poll-blobs: ' + interval('pollBlobs'),
      '--poll-git: ' + interval('pollGit'),
      '--poll-images: ' + interval('pollImages'),
      '--poll-local: ' + interval('pollLocal'),
      '--previous-image: the image itself',
      '--run-image: from the builder or the app',
      '--service-account-namespace: default',
      '--service-account: default',
      '--state: $XDG_STATE_HOME/cnb',
      "--uid: the builder's",
      '--volume: ro',
      '--workspace: workspace',
      '-B, --builder: from project.toml or config.toml',
      "-D, --default-process: the buildpacks' choice",
      "-R, --buildpack-registry: the configuration file's",
      '-V, --version: 1.0.0',
      '-b, --build: the newest',
      '-c, --cluster-builder: default',
      '-d, --depth: unlimited',
      '-d, --descriptor: project.toml in the app',
      '-n, --namespace: default',
      "-p, --path: the ID's last part",
      '-p, --path: working directory',
      "-r, --buildpack-registry: the configuration file's",
      "-r, --registry: the configuration file's",
      '-s, --stack: default',
    ])
  })
})
