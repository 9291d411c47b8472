import { Duplex, PassThrough } from 'node:stream'
import { expect, it, vi } from 'vitest'
import { APP_DIR_LABEL, type Engine, KEPT_LABEL } from '../../../../src/docker/engine.ts'
import { openShell, type UserTerminal } from '../../../../src/operations/shell/shell.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'

const OLD = 'cnb-kept-0000000000000001'
const NEW = 'cnb-kept-0000000000000002'

/** An engine with two kept containers, and one that a build with the option uses now. */
function keeping(fault?: Error) {
  const kept = (id: string, name: string, image: string, created: number) =>
    ({ id, name, created, image: 'x', volumes: [], running: false, labels: { [KEPT_LABEL]: image, [APP_DIR_LABEL]: '/app' } })
  const connection = new Duplex({ read() { this.push(null) }, write: (_chunk, _encoding, done) => done() })
  const calls = { start: vi.fn(async () => {}), kill: vi.fn(async () => {}), resize: vi.fn(async () => {}) }
  const exec = vi.fn<Engine['containers']['exec']>(async () => {
    if (fault) throw fault
    return { connection, resize: calls.resize, exitCode: async () => 4 }
  })
  const list = async () => [kept('1', OLD, 'old:latest', 1), kept('2', NEW, 'new:latest', 2), kept('3', 'cnb-build-0000000000000003', 'busy:latest', 3)]
  const engine = new FakeEngine()
  return { services: { engine: Object.assign(engine, { containers: { ...engine.containers, ...calls, list, exec } }) }, ...calls, exec }
}

const silent = () => ({ output: { stdout: new PassThrough(), stderr: new PassThrough() } })

it('runs a command in the container of an image, in the app directory, and stops it', async () => {
  const { services, exec, start, kill } = keeping()
  expect(await openShell({ image: 'old', command: ['ls'] }, services, silent(), {})).toEqual({ image: 'old:latest', container: OLD, exitCode: 4 })
  expect(start).toHaveBeenCalledWith('1', {})
  expect(exec).toHaveBeenCalledWith('1', { command: ['ls'], workingDir: '/app', tty: false }, {})
  expect(kill).toHaveBeenCalledWith('1')
})

it('takes the newest, or the one of a name', async () => {
  const command = ['ls']
  expect((await openShell({ command }, keeping().services, silent(), {})).container).toBe(NEW)
  expect((await openShell({ image: OLD, command }, keeping().services, silent(), {})).container).toBe(OLD)
})

it('stops the container if the command cannot start', async () => {
  const { services, kill } = keeping(new Error('no such program'))
  await expect(openShell({ command: ['nothing'] }, services, silent(), {})).rejects.toThrow('no such program')
  expect(kill).toHaveBeenCalledWith('2')
})

it('never enters the container of a running build', async () => {
  await expect(openShell({ image: 'busy', command: ['ls'] }, keeping().services, silent(), {})).rejects.toMatchObject({ code: 'CNB_USAGE' })
})

it('connects a terminal, and restores it at the end', async () => {
  const { services, resize, exec } = keeping()
  const close = vi.fn()
  const terminal: UserTerminal = { input: new PassThrough(), output: new PassThrough(), size: () => ({ columns: 90, rows: 20 }), onResize: (listener) => listener(), close }
  await openShell({}, services, { ...silent(), terminal: () => terminal }, {})
  expect(exec.mock.calls[0]?.[1].tty).toBe(true)
  expect(resize).toHaveBeenCalledWith({ columns: 90, rows: 20 })
  expect(close).toHaveBeenCalledOnce()
})
