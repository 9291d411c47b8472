import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runCnb, startCnb, succeed, succeedJson } from '../../support/cnb.ts'
import { docker } from '../../support/engines/docker.ts'
import { watchEngine } from '../../support/engines/left-behind.ts'
import { USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

const web = 'echo "listening on $PORT"; trap "echo bye; exit 3" TERM; while :; do sleep 0.05; done'
const image = bench.image()

beforeAll(async () => {
  const app = await bench.directory(appFiles(processes({ web, stubborn: 'trap "" TERM; echo up; while :; do sleep 0.05; done', said: 'printf "\\033[2Jraw"; echo oops >&2; exit 7' })))
  await succeed(['build', image, '--path', app, ...USING_BUILDER, '--default-process', 'web'])
})

async function freePort(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return String(port)
}

describe('cnb run', () => {
  it("passes the app's output and exit code on", async () => {
    const leftBehind = await watchEngine()
    expect(await runCnb(['run', image, '--process', 'said', '--port', await freePort()])).toMatchObject({ code: 7, stdout: '\u001b[2Jraw', stderr: expect.stringContaining('oops\n') as string })
    expect(await leftBehind()).toEqual([])
  })

  it("ends with the app's exit code on Ctrl-C, and leaves nothing behind", async () => {
    const leftBehind = await watchEngine()
    const port = await freePort()
    const running = startCnb(['run', image, '--port', port])
    await running.line(new RegExp(`listening on ${port}`))
    running.signal('SIGINT')
    expect(await running.finished).toMatchObject({ code: 3, stdout: `listening on ${port}\nbye\n` })
    expect(await leftBehind()).toEqual([])
  })

  it('kills the app on a second Ctrl-C, and leaves nothing behind', async () => {
    const leftBehind = await watchEngine()
    const running = startCnb(['run', image, '--process', 'stubborn', '--network', 'none'])
    await running.line(/^up$/)
    running.signal('SIGINT')
    await running.line(/press Ctrl-C again/)
    running.signal('SIGINT')
    expect((await running.finished).code).toBe(130)
    expect(await leftBehind()).toEqual([])
  })

  it.each([[[]], [['--name', bench.image().replace('/', '-')]]])('is removed by the next command after it was killed: %j', async (options) => {
    const leftBehind = await watchEngine()
    const running = startCnb(['run', image, '--process', 'stubborn', '--network', 'none', ...options])
    await running.line(/^up$/)
    running.signal('SIGKILL')
    await running.finished
    await succeed(['run', image, '--process', 'said', '--network', 'none']).catch(() => {})
    expect(await leftBehind()).toEqual([])
  })

  it('returns at once with --detach; the app continues until it is stopped', async () => {
    const leftBehind = await watchEngine()
    const port = await freePort()
    const { container, url } = await succeedJson<{ container: string; url: string }>(['run', image, '--detach', '--port', port, '--env', 'A=b'])
    expect(new URL(url).port).toBe(port)
    await vi.waitFor(async () => expect(await docker('logs', container)).toContain(`listening on ${port}`), { timeout: 10_000 })
    await docker('stop', container)
    expect(await leftBehind()).toEqual([])
  })

  it('lists the processes of the image for one that it does not have', async () => {
    const { code, stderr } = await runCnb(['run', image, '--process', 'nope'])
    expect(code).toBe(2)
    expect(stderr).toContain('Use one of')
    expect(stderr).toContain('stubborn')
  })
})
