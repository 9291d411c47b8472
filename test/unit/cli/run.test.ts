import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import type { CommandDefinition, CommandContext } from '../../../src/cli/command.ts'
import { reportUsageError, runCommand } from '../../../src/cli/run.ts'
import type { Globals } from '../../../src/cli/program.ts'
import type { Outcome } from '../../../src/ui/reporter.ts'
import { recordingStream } from '../ui/recording-stream.ts'

const quietly: Globals = { output: 'human', quiet: false, verbose: false, explain: false, color: 'never' }
const host = { env: {}, cwd: '/', home: '/' }
const outcome: Outcome = { data: { image: 'app', size: 3 }, line: 'app@sha256:1', text: () => 'Built' }

/** Runs a command with the handler `work`. */
async function runWork(work: (session: CommandContext) => Promise<Outcome>, globals: Partial<Globals> = {}, controller = new AbortController()) {
  const stdout = recordingStream()
  const stderr = recordingStream()
  const definition = { run: (_given: readonly string[], _values: unknown, session: CommandContext) => work(session) } as CommandDefinition
  const code = await runCommand(
    { kind: 'run', definition, given: ['app'], values: {}, globals: { ...quietly, ...globals } },
    {
      ...{ host, stdout, stderr, signal: controller.signal },
      services: () => Promise.reject(new Error('no engine here')),
      input: Readable.from([]),
      remote: () => ({ host, platform: { os: 'linux', architecture: 'amd64' }, registries: () => Promise.reject(new Error('no registry here')) }),
    },
  )
  return { code, stdout: stdout.text, stderr: stderr.text }
}

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
    expect(await reportUsageError(error, { ...quietly, output: 'json' }, { stdout, stderr, host })).toBe(2)
    expect(JSON.parse(stdout.text)).toMatchObject({ error: { code: 'CNB_USAGE', exit: 2 } })
  })
})
