/** The command before it connects to an engine: help, usage errors, exit codes, streams, start-up. */

import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { VERSION } from '../../../src/base/version.ts'
import { BINARY, ON_NODE, runCnb } from '../../support/cnb.ts'

const NO_ENGINE = { DOCKER_HOST: 'unix:///nonexistent/docker.sock', DOCKER_CONTEXT: undefined }

/** The files of the bundle that a run of `cnb` loaded, by Node's report, and the source files in them. */
async function loadedCode(args: readonly string[]): Promise<{ files: string[]; sources: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'cnb-e2e-coverage-'))
  try {
    await runCnb(args, { env: { ...NO_ENGINE, NODE_V8_COVERAGE: folder } })
    const [report = ''] = await readdir(folder)
    const { result } = JSON.parse(await readFile(join(folder, report), 'utf8')) as { result: { url: string }[] }
    const urls = result.map(({ url }) => url).filter((url) => url.includes('/dist/'))
    // The bundler's own functions have no map.
    const maps = await Promise.all(urls.filter((url) => !url.includes('/rolldown-runtime-')).map((url) => readFile(new URL(`${url}.map`), 'utf8')))
    const sources = maps.flatMap((map) => (JSON.parse(map) as { sources: string[] }).sources)
    return { files: urls.map((url) => basename(url).replace(/-[^-]{8}\.js$|\.js$/, '')), sources: sources.map((source) => source.replace(/^(\.\.\/)+/, '')) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe('help and version', () => {
  const lines = [[], ['--help'], ['help'], ['builder'], ['build', '-h'], ['builder', 'create', '--help']].map((args) => ({ args }))
  it.each(lines)('prints the help or version for $args on stdout and ends with 0', async ({ args }) => {
    const { code, stdout, stderr } = await runCnb(args, { env: NO_ENGINE })
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/\nUsage: cnb /)
  })

  it('prints the version on one line', async () => {
    expect(await runCnb(['--version'])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' })
  })

  it.runIf(ON_NODE)('loads only the parser and the definitions for help', async () => {
    const { files, sources } = await loadedCode(['--help'])
    expect(files.sort()).toEqual(['main', 'parser', 'rolldown-runtime', 'start'])
    const others = sources.filter((source) => /^src\/(?:operations|docker|ui|formats|lifecycle)\//.test(source))
    // The values of --to come from the list of sinks, and those of `buildpack new` from its templates.
    expect(others.sort()).toEqual(['src/operations/build/build-sinks.ts', 'src/operations/packages/new/choices.ts'])
  })

  it.runIf(ON_NODE)('loads the engine but no spinner without a terminal', async () => {
    const { files } = await loadedCode(['inspect', 'app'])
    expect(files).toContain('engine')
    expect(files.filter((file) => ['ora', 'build', 'builder'].includes(file))).toEqual([])
  })
})

describe('a wrong command line', () => {
  it.each([
    [['buidl', 'app'], 'Did you mean build?'],
    [['build', 'app', '--bilder', 'x'], 'Did you mean --builder?'],
    [['build'], "missing required argument 'image'"],
    [['build', 'app', 'more'], 'too many arguments'],
    [['builder', 'create', 'x'], '--config'],
    [['inspect', 'app', '--output', 'xml'], 'human, json, yaml, toml'],
    [['nosuch', '--help'], "unknown command 'nosuch'"],
    [['sbom', 'download', 'app', '-o', 'boms'], '--output-dir'],
  ])('%j ends with 2 and prints %s on stderr', async (args, words) => {
    const { code, stdout, stderr } = await runCnb(args, { env: NO_ENGINE })
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^ERROR: /)
    expect(stderr).toContain(words)
    expect(stderr).toContain('CNB_USAGE')
  })

  it('prints an object on stdout with --output json', async () => {
    const { code, stdout } = await runCnb(['build', '--output', 'json'], { env: NO_ENGINE })
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, error: { code: 'CNB_USAGE', exit: 2 } })
  })
})

describe('without an engine', () => {
  it('reports the missing engine with a hint, and ends with 125', async () => {
    const { code, stdout, stderr } = await runCnb(['rebase', 'app'], { env: NO_ENGINE })
    expect([code, stdout]).toEqual([125, ''])
    expect(stderr).toMatch(/^ERROR: [^]*docker\.sock[^]*CNB_ENGINE_UNREACHABLE\n$/)
    expect(stderr, 'a stack is for --verbose').not.toMatch(/^\s+at .*:\d+:\d+\)?$/m)
  })

  it.runIf(process.getuid?.() === 0)('starts as a user without an account and HOME', async () => {
    const { code, stderr } = await runCnb(['rebase', 'app'], { env: { ...NO_ENGINE, HOME: undefined }, uid: 54_321 })
    expect([code, stderr]).toEqual([125, expect.stringContaining('CNB_ENGINE_UNREACHABLE')])
  })

  it('prints a stack trace with --verbose', async () => {
    const { stderr } = await runCnb(['rebase', 'app', '--verbose'], { env: NO_ENGINE })
    expect(stderr).toMatch(/^\s+at .*:\d+:\d+\)?$/m)
  })
})

describe('colour', () => {
  const coloured = (text: string): boolean => text.includes('\u001b[')

  it.each([
    ['none into a pipe', {}, [], false],
    ['some with FORCE_COLOR', { FORCE_COLOR: '1' }, [], true],
    ['none with NO_COLOR, which beats FORCE_COLOR', { FORCE_COLOR: '1', NO_COLOR: '1' }, [], false],
    ["some in GitHub's log", { GITHUB_ACTIONS: 'true' }, [], true],
    ['none with --no-color, whatever the environment says', { FORCE_COLOR: '1' }, ['--no-color'], false],
    ['some with --color always, whatever the environment says', { NO_COLOR: '1' }, ['--color', 'always'], true],
  ])('%s', async (_, env: Record<string, string>, flags, expected) => {
    expect(coloured((await runCnb(['build', ...flags], { env })).stderr)).toBe(expected)
  })
})

describe('streams', () => {
  it('succeeds if the reader closes the pipe early', async () => {
    const child = spawn(BINARY, ['build', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.stdout.destroy()
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect([code, stderr]).toEqual([0, ''])
  })

  it.runIf(existsSync('/dev/full'))('fails with one line if stdout cannot be written', async () => {
    const full = openSync('/dev/full', 'w')
    const child = spawn(BINARY, ['build', '--help'], { stdio: ['ignore', full, 'pipe'] })
    const [code, stderr] = await Promise.all([new Promise((resolve) => child.once('close', resolve)), text(child.stderr!)])
    closeSync(full)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^ERROR: cannot write the output: .*ENOSPC.* \(CNB_OUTPUT\)\n$/)])
  })

  it.runIf(existsSync('/dev/full'))('ignores a failed write to stderr', async () => {
    const full = openSync('/dev/full', 'w')
    const child = spawn(BINARY, ['build'], { stdio: ['ignore', 'ignore', full] })
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(2)
    closeSync(full)
  })
})
