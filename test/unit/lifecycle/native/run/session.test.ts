import { PassThrough } from 'node:stream'
import { afterEach, expect, test, vi } from 'vitest'
import type { Container } from '../../../../../src/docker/engine.ts'
import { BuildSession } from '../../../../../src/lifecycle/native/run/build-session.ts'

afterEach(() => void vi.useRealTimers())

interface Fake {
  readonly session: BuildSession
  /** Sends lines like the script, or like a buildpack that forges them. */
  readonly say: (...lines: string[]) => void
  readonly killed: () => boolean
}

/** A session with a container that never ends by itself. */
async function openSession(): Promise<Fake> {
  const stdin = new PassThrough()
  let write: (text: string) => void = () => {}
  let killed = false
  const converse: Container['attach'] = async ({ stdout }) => {
    write = (text) => void stdout?.write(Buffer.from(text))
    return { stdin, exitCode: new Promise(() => {}), [Symbol.asyncDispose]: async () => void (killed = true) }
  }
  const session = new BuildSession([], {})
  await session.start({ attach: converse } as Container)
  const mark = String(stdin.read()).trim()
  return { session, say: (...lines) => write(lines.map((line) => `\0${mark} ${line}\n`).join('')), killed: () => killed }
}

const unexpected = { code: 'CNB_PHASE_FAILED', message: expect.stringContaining('unexpected message') as string }

test.each(['exit builder 99999999999', 'exit builder -1', 'exit builder 256', 'exit builder', 'exit detector 0', 'prepared'])(
  'fails with a clear error if the build ends with %j',
  async (words) => {
    const { session, say } = await openSession()
    const built = session.build(undefined)
    say(words)
    await expect(built).rejects.toMatchObject(unexpected)
  },
)

test('ends the session after too many unread lines, which use no memory', async () => {
  const { session, say } = await openSession()
  for (let count = 0; count < 1000; count++) say('data survey', 'end')
  for (let count = 0; count < 16; count++) await expect(session.remove([])).rejects.toMatchObject(unexpected)
  say('removed')
  await expect(session.remove([])).rejects.toMatchObject(unexpected)
})

test('fails ten minutes after a missing reply, while a phase may take any time', async () => {
  vi.useFakeTimers()
  const { session, say } = await openSession()
  const built = session.build(undefined)
  await vi.advanceTimersByTimeAsync(24 * 60 * 60 * 1000)
  say('exit builder 0')
  const failed = expect(built).rejects.toMatchObject({ code: 'CNB_PHASE_FAILED', message: expect.stringContaining('does not reply') as string })
  await vi.advanceTimersByTimeAsync(10 * 60 * 1000)
  await failed
})

test('kills a container that still runs after its session ended, because reads wait for its end', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const { session, killed } = await openSession()
  session.closeInput()
  expect(killed()).toBe(false)
  await vi.advanceTimersByTimeAsync(2000)
  expect(killed()).toBe(true)
  await session[Symbol.asyncDispose]()
})
