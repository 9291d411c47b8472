import { PassThrough, type Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Container } from '../../../../../src/docker/engine.ts'
import { BuildSession } from '../../../../../src/lifecycle/native/run/session/build-session.ts'

afterEach(() => void vi.useRealTimers())

interface Fake {
  readonly session: BuildSession
  /** Sends lines like the script, or like a buildpack that forges them. */
  readonly say: (...lines: string[]) => void
  readonly write: (bytes: Buffer) => void
  /** Returns the input of the script since the last call. */
  readonly sent: () => string
  readonly killed: () => boolean
}

/** A session with a container that never ends by itself. */
async function openSession(): Promise<Fake> {
  const stdin = new PassThrough()
  let write: (bytes: Buffer) => void = () => {}
  let killed = false
  const converse: Container['attach'] = async ({ stdout }) => {
    write = (bytes) => void stdout?.write(bytes)
    return { stdin, exitCode: new Promise(() => {}), [Symbol.asyncDispose]: async () => void (killed = true) }
  }
  const session = new BuildSession([], {})
  await session.start({ attach: converse } as Container)
  const mark = String(stdin.read()).trim()
  const say = (...lines: string[]): void => write(Buffer.from(lines.map((line) => `\0${mark} ${line}\n`).join('')))
  return { session, say, write: (bytes) => write(bytes), sent: () => String(stdin.read()), killed: () => killed }
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

test('lists /layers only after it is filled, because a list of changing files is incomplete', async () => {
  const { session, sent } = await openSession()
  let fill = (): void => {}
  const prepared = session.prepare({ paths: [], fingerprints: new Map([['bp/layer', 'print']]) }, () => new Promise((resolve) => (fill = resolve)))
  prepared.catch(() => {})
  await setImmediate()
  expect(sent()).toBe('11\n./bp/layer\0')
  fill()
  await setImmediate()
  expect(sent()).toBe('filled\n')
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

describe('an app', () => {
  const pieces = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from('first')
    yield Buffer.from('second')
  }

  const LOOKS = 'f'.repeat(64)

  test('is sent in pieces after their sizes', async () => {
    const { session, say, write, sent } = await openSession()
    const opened = session.app.open('/workspace', 'kept')
    say('data app')
    write(Buffer.from(`${LOOKS}  -\n`))
    say('end')
    expect(await opened).toBe(LOOKS)
    expect(sent()).toBe('app\n/workspace\nkept\n')
    const put = session.app.put('/workspace', ['a', '\xff'], pieces())
    say('ready', 'exit app 0', 'data app')
    write(Buffer.from('777\0'))
    say('end')
    expect(await put).toEqual({ isWhole: true, listing: Buffer.from('777\0') })
    // The fake reads the input as UTF-8.
    expect(sent()).toBe('some\n26\n/workspace/a\0/workspace/\ufffd\0' + '5\nfirst6\nsecond0\n')
  })

  test('is not sent if the tar cannot be used, or a file cannot be removed', async () => {
    const { session, say } = await openSession()
    const opened = session.app.open('/workspace', 'new')
    say('no tar')
    expect(await opened).toBeUndefined()
    const put = session.app.put('/workspace', undefined, pieces())
    say('no clean')
    expect(await put).toBe('unclean')
  })

  test('is not whole after a failure', async () => {
    const { session, say } = await openSession()
    const put = session.app.put('/workspace', undefined, pieces())
    say('ready', 'exit app 2', 'data app', 'end')
    expect(await put).toMatchObject({ isWhole: false })
  })

  test('ends the session after an unexpected line', async () => {
    for (const lines of [['removed'], ['ready', 'exit tar 0']]) {
      const { session, say } = await openSession()
      const put = session.app.put('/workspace', undefined, pieces())
      say(...lines)
      await expect(put).rejects.toMatchObject(unexpected)
    }
    const { session, say } = await openSession()
    const opened = session.app.open('/workspace', 'once')
    say('ready')
    await expect(opened).rejects.toMatchObject(unexpected)
  })
})

describe('a tar', () => {
  const content = Buffer.alloc(3_000_000, '\0tar')

  test('has the bytes between the lines of the script, also if it is larger than its buffers', async () => {
    const { session, say, write } = await openSession()
    const tar = session.tar('/', 'workspace')
    say('tar 2', 'data tar')
    write(content)
    say('end', 'exit tar 0')
    expect((await buffer((await tar) as Readable)).equals(content)).toBe(true)
    const second = session.tar('/', 'workspace')
    say('no access')
    expect(await second).toBe('access')
  })

  test('is refused while another is read, and after the end of the session', async () => {
    const { session, say, sent } = await openSession()
    const first = session.tar('/layers', 'a')
    expect(await session.tar('/layers', 'b')).toBe('busy')
    say('no tar')
    expect(await first).toBe('tar')
    expect(sent()).toBe('10\n/layers\0a\0')
    session.closeInput()
    expect(await session.tar('/layers', 'b')).toBe('ended')
  })

  test.each(['exit tar 2', 'exit tar', 'exit builder 0', 'removed'])('fails if it ends with %j, however complete it is', async (words) => {
    const { session, say, write } = await openSession()
    const tar = session.tar('/', 'workspace')
    say('tar 2', 'data tar')
    write(Buffer.alloc(1024))
    say('end', words)
    await expect(buffer((await tar) as Readable)).rejects.toMatchObject({ code: words === 'exit tar 2' ? 'CNB_EXPORT_FAILED' : 'CNB_PHASE_FAILED' })
    expect(await session.tar('/', 'workspace')).toBe('ended')
  })

  test('does not stop the session if its reader leaves', async () => {
    const { session, say, write } = await openSession()
    const first = session.tar('/', 'workspace')
    say('tar 2', 'data tar')
    ;((await first) as Readable).destroy()
    write(content)
    expect(await session.tar('/', 'workspace')).toBe('busy')
    say('end', 'exit tar 0')
    await setImmediate()
    const second = session.tar('/', 'workspace')
    say('no limit')
    expect(await second).toBe('limit')
  })

  test('is a protocol error after another line', async () => {
    const { session, say } = await openSession()
    const tar = session.tar('/', 'workspace')
    say('no reason')
    await expect(tar).rejects.toMatchObject(unexpected)
  })
})

test('sends secrets in the lines that the script reads, and fails if it cannot write them', async () => {
  const { session, say, sent } = await openSession()
  const putting = session.putSecrets([{ name: 'token', content: Buffer.from('a\n') }])
  expect(sent()).toBe('secrets\ntoken\n\\141\\012\n\n\n')
  say('exit secrets 0')
  await putting
  const refused = session.putSecrets([])
  say('exit secrets 1')
  await expect(refused).rejects.toMatchObject({ code: 'CNB_PHASE_FAILED', message: expect.stringContaining('/run/secrets') as string })
})
