import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCnb, startCnb, succeed } from '../../support/cnb.ts'
import { FLOWS } from '../../support/engines/drivers.ts'
import { type ForwardedEngine, forwardEngine } from '../../support/engines/forwarded-engine.ts'
import { watchEngine } from '../../support/engines/left-behind.ts'
import { BUILDER, USING_BUILDER, appFiles } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

const LIMIT_MS = 10_000

/** Waits where $WAIT says. A detect that waits prints nothing: its output is not shown. */
const detect = '[ "${WAIT:-}" != detect ] || sleep 1000; exit 0'
const wait = `if [ "\${WAIT:-}" = build ]; then
  trap '' TERM INT
  echo "waiting in build"
  sleep 1000 & wait; wait
fi
mkdir -p "$CNB_LAYERS_DIR/big"
printf '[types]\\nlaunch = true\\ncache = true\\n' >"$CNB_LAYERS_DIR/big.toml"
head -c "\${SIZE:-1}" /dev/urandom >"$CNB_LAYERS_DIR/big/file"`

// A large layer keeps the exporter busy until the signal comes.
const phases = [
  ['analyze', /analyz/i, []],
  ['detect', /detect/i, ['--env', 'WAIT=detect']],
  ['restore', /restor/i, []],
  ['build', /waiting in build/, ['--env', 'WAIT=build']],
  ['export', /export/i, ['--env', 'SIZE=400000000']],
] as const

describe.each(FLOWS)('%s: Ctrl-C during a build', (_flow, flow) => {
  let command: string[] = []

  // Image and caches exist before, so any addition afterwards is a leftover.
  beforeAll(async () => {
    command = ['build', bench.image(), '--path', await bench.directory(appFiles(wait, {}, detect)), ...USING_BUILDER, ...flow]
    await succeed(command)
  })

  it.each(phases)('ends with 130 in %s and leaves nothing behind', async (_phase, line, options) => {
    const leftBehind = await watchEngine()
    const running = startCnb([...command, ...options])
    await running.line(line)
    const start = performance.now()
    running.signal('SIGINT')
    const result = await running.finished
    expect(result).toMatchObject({ code: 130, stdout: '' })
    expect(result.stderr).toContain('CNB_INTERRUPTED')
    expect(performance.now() - start).toBeLessThan(LIMIT_MS)
    expect(await leftBehind()).toEqual([])
  })
})

describe('a killed build', () => {
  // The first build of its app: there is neither an image nor a cache.
  it.each([
    ['before its container runs', /./, []],
    ['while it detects', /detect/i, ['--env', 'WAIT=detect']],
    ['while it builds', /waiting in build/, ['--env', 'WAIT=build']],
  ] as const)('leaves nothing after the next command if it is killed %s', async (_moment, line, options) => {
    const leftBehind = await watchEngine()
    const running = startCnb(['build', bench.image(), '--path', await bench.directory(appFiles(wait, {}, detect)), ...USING_BUILDER, ...options, '--verbose'])
    await running.line(line)
    running.signal('SIGKILL')
    expect(await running.finished).toMatchObject({ code: undefined })
    await succeed(['builder', 'inspect', BUILDER])
    expect(await leftBehind()).toEqual([])
  })
})

describe('a build whose engine no longer answers', () => {
  it('ends at the first Ctrl-C with a list of its leftovers, and the next command removes them', async () => {
    const leftBehind = await watchEngine()
    await using engine = await forwardEngine(join(bench.path, 'frozen.sock'))
    const command = ['build', bench.image(), '--path', await bench.directory(appFiles(wait)), ...USING_BUILDER, '--env', 'WAIT=build']
    const running = startCnb(command, { env: { DOCKER_HOST: engine.address } })
    await running.line(/waiting in build/)
    engine.freeze()
    running.signal('SIGINT')
    const { code, stderr } = await running.finished
    expect([code, stderr]).toEqual([130, expect.stringMatching(/cannot remove the container (\w+): the engine does not respond; remove it with 'docker rm -f \1'/) as string])
    await endConnections(engine)
    await succeed(['builder', 'inspect', BUILDER])
    expect(await leftBehind()).toEqual([])
  })
})

describe('the second Ctrl-C', () => {
  it('ends with 130 immediately, and the next command removes the rest', async () => {
    const leftBehind = await watchEngine()
    await using engine = await forwardEngine(join(bench.path, 'second.sock'))
    const command = ['build', bench.image(), '--path', await bench.directory(appFiles(wait)), ...USING_BUILDER, '--env', 'WAIT=build']
    const running = startCnb(command, { env: { DOCKER_HOST: engine.address } })
    await running.line(/waiting in build/)
    engine.freeze()
    running.signal('SIGINT')
    await running.line(/press Ctrl-C again to exit immediately/)
    running.signal('SIGINT')
    expect(await running.finished).toMatchObject({ code: 130, stderr: expect.not.stringContaining('ERROR') as string })
    await endConnections(engine)
    await succeed(['builder', 'inspect', BUILDER])
    expect(await leftBehind()).toEqual([])
  })
})

/** Ends the connections of a process that has ended, as the system does: an archive that is still sent keeps its container from being removed. */
function endConnections(engine: ForwardedEngine): Promise<void> {
  return engine.die()
}

/** A separate PID namespace with its own /proc and this machine's host name, like a CI container with the host's network. */
const NAMESPACE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
/** Another user, without a view of others' processes in /proc. A remount would change the machine's own /proc. */
const BLIND = ['unshare', '--mount', 'sh', '-c', 'mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 12345 --regid 12345 --clear-groups "$0" "$@"']

describe.runIf(process.getuid?.() === 0)('protects a running build', () => {
  it.each([
    ['another PID namespace', [], NAMESPACE],
    ['the machine, when the build is in a PID namespace', NAMESPACE, []],
    ['a user who cannot see its process', [], BLIND],
  ])('keeps its containers during commands of %s', async (_title, own, others) => {
    await using engine = await forwardEngine(join(bench.path, 'engine.sock'))
    const flags = await bench.directory({ 'script/detect': 'exit 0', 'script/build': 'echo waiting in build; until [ -e /mnt/flags/go ]; do sleep 0.1; done' })
    const running = startCnb(['build', bench.image(), '--path', flags, ...USING_BUILDER, '--volume', `${flags}:/mnt/flags`], { under: own })
    await running.line(/waiting in build/)
    await succeed(['builder', 'inspect', BUILDER], { under: others, env: { DOCKER_HOST: engine.address, HOME: '/nonexistent' } })
    await writeFile(join(flags, 'go'), '')
    expect(await running.finished).toMatchObject({ code: 0 })
  })
})

describe('a build that gets a signal', () => {
  it('ends with 143 on SIGTERM, and leaves nothing behind', async () => {
    const command = ['build', bench.image(), '--path', await bench.directory(appFiles(wait)), ...USING_BUILDER]
    await succeed(command)
    const leftBehind = await watchEngine()
    const running = startCnb([...command, '--env', 'WAIT=build'])
    await running.line(/waiting in build/)
    running.signal('SIGTERM')
    expect(await running.finished).toMatchObject({ code: 143 })
    expect(await leftBehind()).toEqual([])
  })

  it('ends before it starts when the signal comes first', async () => {
    const leftBehind = await watchEngine()
    const running = startCnb(['build', bench.image(), '--path', await bench.directory(appFiles(wait)), ...USING_BUILDER, '--verbose'])
    await running.line(/./)
    running.signal('SIGINT')
    expect(await running.finished).toMatchObject({ code: 130 })
    expect((await leftBehind()).filter((left) => !left.startsWith('volume pack-cache-'))).toEqual([])
  })

  it('builds again afterwards without traces of the interruption', async () => {
    const command = ['build', bench.image(), '--path', await bench.directory(appFiles(wait)), ...USING_BUILDER]
    const running = startCnb([...command, '--env', 'WAIT=build'])
    await running.line(/waiting in build/)
    running.signal('SIGINT')
    await running.finished
    expect(await runCnb(command)).toMatchObject({ code: 0 })
  })
})
