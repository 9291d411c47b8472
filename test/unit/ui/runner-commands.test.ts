import fc from 'fast-check'
import { parse as parseTomlText } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { parse as parseYamlText } from 'yaml'
import { CnbError } from '../../../src/base/errors.ts'
import type { CnbEvent } from '../../../src/base/events.ts'
import { formatFor } from '../../../src/cli/run.ts'
import { makeReporter } from '../../../src/ui/make-reporter.ts'
import { defuseText } from '../../../src/ui/runner-commands.ts'
import { recordingTerminal } from './recording-stream.ts'
import { anyCharacter } from '../../support/characters.ts'

/** Line separators and white space of a runner: .NET's StreamReader and String.TrimStart. */
const LINES = /\r\n|\r|\n/
const SPACE = /^[\s\u0085]+/

/** Returns the lines that are a command of GitHub's runner (ActionCommand.cs, any name), Azure Pipelines or TeamCity. */
function commandsIn(text: string): string[] {
  return text.split(LINES).filter((line) => /^::[^ :]*(?: .*?)?::/.test(line.replace(SPACE, '')) || /##\w*\[[^\]]*\]/.test(line))
}

/** Returns the commands that GitHub's runner executes: none between `::stop-commands::token` and `::token::`. */
function carriedOut(text: string): string[] {
  let token: string | undefined
  return commandsIn(text).filter((line) => {
    const isHeard = token === undefined
    if (token !== undefined && line === `::${token}::`) token = undefined
    else token ??= /^::stop-commands::(.+)/.exec(line)?.[1]
    return isHeard
  })
}

const command = fc.constantFrom(
  ...['::error::x', '::add-mask::y', '::set-output name=a::b', '##[error]x', '##[add-path]/evil', '##vso[task.setvariable variable=a]b'],
  ...["##teamcity[message text='x']", '###[error]x', ':::error::x', '::stop-commands::t', '\\##[error]x', '"::error::x'],
)
const break_ = fc.constantFrom('', '\n', '\r', '\r\n', '\n  ', '\n\t', '\n\u00a0', '\n\u0085', '\u2028', '\u2029', '\n\ufeff', ' ', '\n\n', '\u001b[31m')
const hostile = fc.oneof(fc.array(fc.oneof(command, break_, fc.string({ unit: anyCharacter, maxLength: 5 })), { maxLength: 8 }).map((parts) => parts.join('')))
const value = fc.oneof(hostile, fc.string({ unit: anyCharacter }), fc.integer(), fc.boolean())
/** Values that TOML can represent: no null, and no list of mixed types. */
const { document } = fc.letrec<{ tree: unknown; document: object }>((tie) => ({
  tree: fc.oneof({ depthSize: 'small' }, value, fc.array(hostile, { maxLength: 3 }), tie('document')),
  document: fc.dictionary(hostile.filter((key) => key !== '__proto__'), tie('tree'), { maxKeys: 4, noNullPrototype: true }),
}))

describe('a document', () => {
  it.each([
    ['json', (text: string) => JSON.parse(text) as unknown],
    ['yaml', (text: string) => parseYamlText(text) as unknown],
    ['toml', (text: string) => parseTomlText(text) as unknown],
  ])('escapes commands in %s, and a parser reads the same values', async (output, parse) => {
    const format = await formatFor(output)
    await fc.assert(
      fc.asyncProperty(document, async (data) => {
        const { terminal, stdout, stderr } = recordingTerminal()
        const reporter = await makeReporter({ terminal, format, quiet: false, verbose: false, github: true })
        reporter.succeed({ data, line: '', text: () => '' })
        expect([commandsIn(stdout.text), stderr.text]).toEqual([[], ''])
        expect(stdout.text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/)
        expect(parse(stdout.text)).toEqual({ schemaVersion: 1, ...data })
      }),
    )
  })

  it('quotes a label of several lines in YAML', async () => {
    const yaml = await formatFor('yaml')
    if (typeof yaml === 'string') throw new Error(yaml)
    expect(yaml({ a: 'x\n::error::y', '::b': 1, c: '##[error]z', d: 'plain: text' })).toBe(
      'a: "x\\n::error::y"\n"::b": 1\nc: "#\\u0023[error]z"\nd: "plain: text"\n',
    )
  })
})

const event: fc.Arbitrary<CnbEvent> = fc.oneof(
  hostile.map((message): CnbEvent => ({ type: 'warning', message })),
  hostile.map((message): CnbEvent => ({ type: 'info', message })),
  hostile.map((message): CnbEvent => ({ type: 'debug', message })),
  hostile.map((line): CnbEvent => ({ type: 'phase.line', phase: 'builder', stream: 'stdout', line })),
  hostile.map((step): CnbEvent => ({ type: 'step.end', step, durationMs: 900 })),
  hostile.map((reference): CnbEvent => ({ type: 'pull.start', reference })),
  fc.constant<CnbEvent>({ type: 'phase.start', phase: 'builder' }),
  fc.constantFrom(0, 1).map((exitCode): CnbEvent => ({ type: 'phase.end', phase: 'builder', durationMs: 1, exitCode })),
)
const failure = fc
  .record({ message: hostile, hint: hostile, file: hostile })
  .map(({ message, hint, file }) => new CnbError('CNB_INTERNAL', message, { hint, position: { file, line: 1, column: 1 }, cause: new Error(message) }))
const modes = fc.record({
  output: fc.constantFrom('human', 'json', 'ndjson', 'yaml', 'toml'),
  quiet: fc.boolean(),
  verbose: fc.boolean(),
  color: fc.constantFrom('never' as const, 'always' as const),
})

async function report(
  { output, quiet, verbose, color }: { output: string; quiet: boolean; verbose: boolean; color: 'never' | 'always' },
  github: boolean,
  events: readonly CnbEvent[],
  end: CnbError | string,
) {
  const { terminal, stdout, stderr } = recordingTerminal({}, {}, color)
  const reporter = await makeReporter({ terminal, format: await formatFor(output), quiet, verbose, github })
  events.forEach(reporter.events)
  if (end instanceof CnbError) reporter.fail(end)
  else reporter.succeed({ data: { end }, line: end, text: () => end })
  return { stdout: stdout.text, stderr: stderr.text }
}

describe('the output of a run', () => {
  it('contains no runner command outside of GitHub, in any format', async () => {
    await fc.assert(
      fc.asyncProperty(modes, fc.array(event, { maxLength: 6 }), fc.oneof(failure, hostile), async (mode, events, end) => {
        const { stdout, stderr } = await report(mode, false, events, end)
        expect([...commandsIn(stdout), ...commandsIn(stderr)]).toEqual([])
      }),
    )
  })

  it("contains only cnb's commands in a GitHub log", async () => {
    const own = /^::(?:group::[A-Z]+|endgroup::|stop-commands::[0-9a-f-]{36}|[0-9a-f-]{36}::|warning title=cnb::.*|error title=cnb%3A CNB_INTERNAL,file=[^:,]*,line=1,col=1::.*)$/s
    await fc.assert(
      fc.asyncProperty(modes, fc.array(event, { maxLength: 6 }), fc.oneof(failure, hostile), async (mode, events, end) => {
        const { stdout, stderr } = await report(mode, true, events, end)
        expect(commandsIn(stdout)).toEqual([])
        expect(carriedOut(stderr).filter((line) => !own.test(line))).toEqual([])
      }),
    )
  })

  it('does not change text that only resembles a command', () => {
    const text = 'a::b\nstd::vector\n## Title [link]\n#[derive]\n\u001b[1m:: bold'
    expect(defuseText(text)).toBe(text)
    expect(defuseText('  ::error::x\n##[group]y')).toBe('  \\::error::x\n##\\[group]y')
  })

  it('is escaped in linear time', () => {
    // With quadratic time, each would take minutes.
    for (const unit of [' ', '\n', '\u2028', '\u0085', '#', '##a']) {
      const text = unit.repeat(300_000)
      expect(defuseText(text) === text).toBe(true)
    }
  })
})
