import { describe, expect, it } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { makeReporter, type ReporterOptions } from '../../../../src/ui/make-reporter.ts'
import type { Outcome } from '../../../../src/ui/reporter.ts'
import { prettyJson } from '../../../../src/ui/reporters/json.ts'
import { recordingTerminal } from '../recording-stream.ts'

const outcome: Outcome = { data: { image: 'app', note: 'a\u009bb' }, line: 'app@sha256:1', text: (theme) => `Built ${theme.name('app')}` }
const failure = new CnbError('CNB_USAGE', 'wrong', { hint: 'Do right.', position: { file: 'x.toml', line: 2, column: 3 } })
const events: CnbEvent[] = [
  { type: 'warning', message: 'odd' },
  { type: 'phase.start', phase: 'builder' },
  { type: 'phase.line', phase: 'builder', stream: 'stdout', line: 'works' },
  { type: 'phase.end', phase: 'builder', durationMs: 100, exitCode: 0 },
  { type: 'debug', message: 'detail' },
  { type: 'decision', subject: { kind: 'layer', name: 'a:b\u001b[2J' }, outcome: 'reused', reason: 'it is the same\n  as before' },
  { type: 'span', category: 'engine', name: 'GET /info', startMs: 5, durationMs: 12.4, args: { status: 200 } },
]
const WHY = `why  ${"layer 'a:b'".padEnd(40)}  reused: it is the same; as before`


async function report(options: Partial<ReporterOptions>, end: Outcome | CnbError) {
  const { terminal, stdout, stderr } = recordingTerminal()
  const reporter = await makeReporter({ terminal, format: 'human', quiet: false, verbose: false, github: false, ...options })
  events.forEach(reporter.events)
  if (end instanceof CnbError) reporter.fail(end)
  else reporter.succeed(end)
  return { stdout: stdout.text, stderr: stderr.text }
}

/** An outcome with a partial failure. */
const partly: Outcome = { ...outcome, failures: [failure], summary: { failed: 1 }, exit: 1 }

describe('a partial failure', () => {
  it('appears after the result in human output', async () => {
    const { stdout, stderr } = await report({}, partly)
    expect(stdout).toBe("Built 'app'\n")
    expect(stderr).toMatch(/ERROR: wrong\n[^]*CNB_USAGE\n$/)
  })

  it.each([['quiet', { quiet: true }], ['json', { format: prettyJson }]])('appears on stderr with %s, and the result on stdout', async (_, options) => {
    const { stdout, stderr } = await report(options, partly)
    expect(stdout).toContain('app')
    expect(stderr).toContain('ERROR: wrong')
  })

  it('becomes an annotation in a GitHub log', async () => {
    expect((await report({ github: true }, partly)).stderr).toContain('::error title=cnb%3A CNB_USAGE')
  })

  it('is not repeated in ndjson, which ends with the summary', async () => {
    const { stdout, stderr } = await report({ format: 'ndjson' }, partly)
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toEqual({ type: 'result', schemaVersion: 1, failed: 1 })
    expect(stderr).toBe('')
  })
})

describe('decisions and spans', () => {
  it.each([
    ['with --explain', { explain: true }],
    ['with --explain --quiet', { explain: true, quiet: true }],
    ['with --explain --output json', { explain: true, format: prettyJson }],
    ["with --explain in GitHub's log", { explain: true, github: true }],
  ])('shows decisions on stderr %s, without spans', async (_title, options) => {
    const { stdout, stderr } = await report(options, outcome)
    expect(stderr.split('\n').filter((line) => /why|engine/.test(line))).toEqual([WHY])
    expect(stdout).not.toContain('why')
  })

  it('shows neither by default', async () => {
    for (const options of [{}, { quiet: true }, { format: prettyJson }, { github: true }]) expect((await report(options, outcome)).stderr).not.toMatch(/why|GET/)
  })

  it('shows the duration of each call with --verbose', async () => {
    expect((await report({ verbose: true }, outcome)).stderr).toContain('\n     engine  GET /info  200  12ms\n')
  })

  it('always prints decisions in ndjson, and spans with --verbose', async () => {
    const types = async (verbose: boolean) => (await report({ format: 'ndjson', verbose }, outcome)).stdout.trimEnd().split('\n').map((line) => (JSON.parse(line) as CnbEvent).type)
    expect(await types(false)).toEqual(expect.arrayContaining(['decision']))
    expect(await types(false)).not.toContain('span')
    expect(await types(true)).toEqual(expect.arrayContaining(['decision', 'span']))
  })
})

describe('for people', () => {
  it('prints the result on stdout and progress on stderr, with a blank line between them', async () => {
    expect(await report({}, outcome)).toEqual({
      stdout: "Built 'app'\n",
      stderr: 'Warning: odd\n===> BUILDING\n[builder] works\n     done in 0.1s\n\n',
    })
  })

  it('prints an error after the progress and leaves stdout empty', async () => {
    const { stdout, stderr } = await report({}, failure)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/\n\nERROR: wrong\n {2}in x\.toml:2:3\n {2}Do right\.\n {2}CNB_USAGE\n$/)
  })
})

describe('quiet', () => {
  it('prints one line and warnings', async () => {
    expect(await report({ quiet: true }, outcome)).toEqual({ stdout: 'app@sha256:1\n', stderr: 'Warning: odd\n' })
  })

  it('prints errors on stderr', async () => {
    expect(await report({ quiet: true }, failure)).toEqual({ stdout: '', stderr: expect.stringContaining('ERROR: wrong') as unknown })
  })
})

describe('json', () => {
  it('prints one object with the version first and control characters escaped', async () => {
    const { stdout, stderr } = await report({ format: prettyJson }, outcome)
    expect(stdout).toBe('{\n  "schemaVersion": 1,\n  "image": "app",\n  "note": "a\\u009bb"\n}\n')
    expect(JSON.parse(stdout)).toEqual({ schemaVersion: 1, image: 'app', note: 'a\u009bb' })
    expect(stderr).toBe('Warning: odd\n')
  })

  it('prints an error as one object on stdout and as text on stderr', async () => {
    const { stdout, stderr } = await report({ format: prettyJson }, failure)
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      error: { code: 'CNB_USAGE', message: 'wrong', hint: 'Do right.', exit: 2, position: { file: 'x.toml', line: 2, column: 3 } },
    })
    expect(stderr).toContain('ERROR: wrong')
  })

  it('prints progress on stderr with --verbose', async () => {
    const { stdout, stderr } = await report({ format: prettyJson, verbose: true }, outcome)
    expect(JSON.parse(stdout)).toHaveProperty('image')
    expect(stderr).toContain('===> BUILDING\n[builder] works\n')
    expect(stderr).toContain('detail')
  })
})

describe('ndjson', () => {
  const types = (text: string): unknown[] => text.trimEnd().split('\n').map((line) => (JSON.parse(line) as { type: unknown }).type)

  it('prints every event on a line, then the result', async () => {
    const { stdout, stderr } = await report({ format: 'ndjson' }, outcome)
    expect(types(stdout)).toEqual(['warning', 'phase.start', 'phase.line', 'phase.end', 'decision', 'result'])
    expect(stderr).toBe('')
  })

  it('prints debug events with --verbose, and the error last', async () => {
    const { stdout } = await report({ format: 'ndjson', verbose: true }, failure)
    expect(types(stdout)).toEqual(['warning', 'phase.start', 'phase.line', 'phase.end', 'debug', 'decision', 'span', 'error'])
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ error: { code: 'CNB_USAGE', exit: 2 } })
  })
})

describe('GitHub log', () => {
  it('prints an error as an annotation at its position', async () => {
    const { stderr } = await report({ github: true }, failure)
    expect(stderr).toContain('::error title=cnb%3A CNB_USAGE,file=x.toml,line=2,col=3::wrong%0ADo right.\n')
  })

  it('escapes commands in external text of results and errors', async () => {
    const { stdout } = await report({ github: true }, { ...outcome, text: () => 'a\n  ::add-path::/evil\n##[set-env]' })
    expect(stdout).not.toMatch(/^\s*::/m)
    expect(stdout).not.toContain('##[')
    const { stderr } = await report({ github: true }, new CnbError('CNB_PULL_FAILED', 'x\n::add-mask::y'))
    expect(stderr).not.toMatch(/^\s*::add-mask/m)
  })
})
