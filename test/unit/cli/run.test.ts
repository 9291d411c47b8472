import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import { step } from '../../../src/base/events.ts'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import type { CommandDefinition, CommandContext } from '../../../src/cli/command.ts'
import { reportUsageError, runCommand } from '../../../src/cli/run.ts'
import { CNB } from '../../../src/cli/command-list.ts'
import type { Globals } from '../../../src/cli/program.ts'
import type { RegistryServices } from '../../../src/operations/services.ts'
import type { Outcome } from '../../../src/ui/reporter.ts'
import { recordingStream } from '../ui/recording-stream.ts'

const quietly: Globals = { output: 'human', quiet: false, verbose: false, explain: false, color: 'never', timestamps: false }
const host = { env: {}, cwd: '/', home: '/' }
const outcome: Outcome = { data: { image: 'app', size: 3 }, line: 'app@sha256:1', text: () => 'Built' }

/** Runs a command with the handler `work`. @param readLines the lines after which stdout fails */
async function runWork(work: (session: CommandContext) => Promise<Outcome>, globals: Partial<Globals> = {}, controller = new AbortController(), env: Record<string, string> = {}, readLines = Infinity) {
  const recorded = recordingStream()
  const stdout = Object.defineProperty(recorded, 'errored', { get: () => (recorded.text.split('\n').length > readLines ? new Error('EPIPE') : null) })
  const stderr = recordingStream()
  const definition = { name: 'work', run: (_given: readonly string[], _values: unknown, session: CommandContext) => work(session) } as CommandDefinition
  const code = await runCommand(
    { kind: 'run', definition, given: ['app'], values: {}, globals: { ...quietly, ...globals } },
    {
      ...{ host: { ...host, env }, stdout, stderr, signal: controller.signal },
      services: () => Promise.reject(new Error('no engine here')),
      input: Readable.from([]),
      hurry: () => new AbortController().signal,
      remote: () => ({ host, platform: { os: 'linux', architecture: 'amd64' }, keychain: async () => async () => undefined, registries: () => Promise.reject(new Error('no registry here')) }),
    },
    CNB,
  )
  return { code, stdout: stdout.text, stderr: stderr.text }
}

describe('a question', () => {
  const ask = async (answers: string[], isInteractive = true) => {
    const stderr = recordingStream()
    let answer: boolean | undefined
    const definition = { name: 'work', run: async (_given: unknown, _values: unknown, { confirm }: CommandContext) => ((answer = await confirm?.('Go?')), outcome) } as unknown as CommandDefinition
    const services = () => Promise.reject(new Error('no engine here'))
    const remote = () => ({ host }) as RegistryServices
    const input = Readable.from(answers.map((line) => Buffer.from(line)))
    const io = { host, stdout: recordingStream(), stderr, signal: new AbortController().signal, services, remote, input, isInteractive, hurry: () => new AbortController().signal }
    await runCommand({ kind: 'run', definition, given: [], values: {}, globals: quietly }, io, CNB)
    return { answer, stderr: stderr.text }
  }

  it('accepts only yes', async () => {
    expect(await ask(['y\n'])).toEqual({ answer: true, stderr: 'Go? [y/N] ' })
    expect(await ask(['YES\n'])).toMatchObject({ answer: true })
    for (const line of ['\n', 'no\n', 'yellow\n']) expect(await ask([line])).toMatchObject({ answer: false })
    expect(await ask([])).toEqual({ answer: false, stderr: 'Go? [y/N] \n' })
  })

  it('is not possible without a terminal', async () => {
    expect(await ask(['y\n'], false)).toEqual({ answer: undefined, stderr: '' })
  })
})

describe('runCommand', () => {
  it('prints the outcome and returns 0', async () => {
    expect(await runWork(async () => outcome)).toEqual({ code: 0, stdout: 'Built\n', stderr: '' })
  })

  it.each([
    ['json', '{\n  "schemaVersion": 1,\n  "image": "app",\n  "size": 3\n}\n'],
    ['yaml', 'schemaVersion: 1\nimage: app\nsize: 3\n'],
    ['toml', 'schemaVersion = 1\nimage = "app"\nsize = 3\n'],
    ['ndjson', '{"type":"result","schemaVersion":1,"image":"app","size":3}\n'],
  ])('writes %s', async (output, text) => {
    expect((await runWork(async () => outcome, { output })).stdout).toBe(text)
  })

  it('ends a command that prints without end, once its output fails', async () => {
    const { code, stdout, stderr } = await runWork(async ({ print }) => {
      for (let line = 1; ; line++) print(`${line}`)
    }, {}, undefined, {}, 2)
    expect([code, stdout, stderr]).toEqual([0, '1\n2\n', ''])
  })

  it("returns the outcome's exit code", async () => {
    expect((await runWork(async () => ({ ...outcome, exit: 3 }))).code).toBe(3)
  })

  it("returns an error's exit code", async () => {
    const { code, stderr } = await runWork(() => Promise.reject(new CnbError('CNB_DETECT_FAILED', 'nothing fits', { exit: 21 })))
    expect([code, stderr]).toEqual([21, 'ERROR: nothing fits\n  CNB_DETECT_FAILED (exit code 21)\n'])
  })

  it('reports other thrown values as an internal error', async () => {
    const { code, stderr } = await runWork(() => Promise.reject(new TypeError('x is undefined')))
    expect(code).toBe(1)
    expect(stderr).toContain('CNB_INTERNAL')
  })

  it.each([
    ['that succeeds', async () => outcome, 0],
    ['that fails', () => Promise.reject(new CnbError('CNB_USAGE', 'no')), 2],
  ])('writes a trace of a command %s to the file in CNB_TRACE', async (_title, end, exit) => {
    await using directory = await makeTemporaryDirectory('cnb-test-')
    const path = join(directory.path, 'trace.json')
    const { code } = await runWork(async ({ context }) => step(context, 'waiting', end), {}, undefined, { CNB_TRACE: path })
    expect(code).toBe(exit)
    const events = JSON.parse(await readFile(path, 'utf8')) as { name: string; args: object }[]
    expect(events.filter(({ name }) => name !== 'thread_name').map(({ name }) => name)).toEqual(['process_name', 'starting', 'waiting'])
    expect(events[0]?.args).toEqual({ name: 'cnb work' })
  })

  it('refuses a directory in CNB_TRACE before any work', async () => {
    const { code, stderr } = await runWork(() => Promise.reject(new Error('it worked')), {}, undefined, { CNB_TRACE: '/tmp' })
    expect([code, stderr]).toEqual([1, expect.stringMatching(/ERROR: cannot write the trace to \/tmp: .*\n.*regular file.*\n.*CNB_OUTPUT/)])
  })

  it('does not connect to an engine or registry by itself', async () => {
    const { code } = await runWork(async () => outcome)
    const asked = await runWork(async ({ services }) => services().then(() => outcome))
    expect([code, asked.code]).toEqual([0, 1])
  })

  it('reports an abort immediately, and then its reason, not its consequences', async () => {
    const controller = new AbortController()
    const { code, stderr } = await runWork(
      async ({ context }) => {
        controller.abort(new CnbError('CNB_INTERRUPTED', 'terminated', { exit: 143 }))
        expect(context.signal?.aborted).toBe(true)
        throw new Error('socket hang up')
      },
      {},
      controller,
    )
    expect(code).toBe(143)
    expect(stderr).toMatch(/^Warning: stopping[^]*ERROR: terminated\n/)
    expect(stderr).not.toContain('hang up')
  })

  it('returns 0 if the work finishes despite an abort', async () => {
    const controller = new AbortController()
    const { code } = await runWork(
      async () => {
        controller.abort(new CnbError('CNB_INTERRUPTED', 'interrupted'))
        return outcome
      },
      {},
      controller,
    )
    expect(code).toBe(0)
  })
})

describe('reportUsageError', () => {
  it('prints a usage error in the selected format', async () => {
    const stdout = recordingStream()
    const stderr = recordingStream()
    const error = new CnbError('CNB_USAGE', 'wrong')
    expect(await reportUsageError(error, { ...quietly, output: 'json' }, { stdout, stderr, host }, CNB)).toBe(2)
    expect(JSON.parse(stdout.text)).toMatchObject({ error: { code: 'CNB_USAGE', exit: 2 } })
  })
})
