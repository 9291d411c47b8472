import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CnbEvent } from '../../src/base/events.ts'
import { build, connect, createBuilder, inspect, rebase, type Connection } from '../../src/index.ts'
import { json, startEngineServer, type EngineServer } from './docker/engine-server.ts'

const ID = `sha256:${'0'.repeat(64)}`
const REPLIES = {
  'GET /_ping': json('OK'),
  'GET /info': json({}),
  'GET /containers/json': json([]),
  'GET /volumes': json({ Volumes: [] }),
}

let server: EngineServer
let events: CnbEvent[]
let connection: Connection
beforeEach(async () => {
  server = await startEngineServer(REPLIES)
  events = []
  connection = connect({ env: { DOCKER_HOST: server.engine.address }, cwd: '/', home: '/nonexistent', events: (event) => events.push(event) })
})
afterEach(async () => {
  await connection[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const requests = (all: readonly CnbEvent[]): string[] => all.flatMap((event) => (event.type === 'span' && event.category === 'engine' ? [event.name] : []))
const QUERY = `GET /images/sha256:${'0'.repeat(12)}/json`

describe('an operation', () => {
  test("emits the spans of its requests to the engine to its own receiver only", async () => {
    const [first, second]: [CnbEvent[], CnbEvent[]] = [[], []]
    const ask = (own: CnbEvent[]) => expect(inspect({ image: ID }, connection, { events: (event) => own.push(event) })).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND' })
    await Promise.all([ask(first), ask(second)])
    expect([requests(first), requests(second)]).toEqual([[QUERY], [QUERY]])
    expect(requests(events)).not.toContain(QUERY)
    expect(server.asked.filter((line) => line === 'GET /_ping')).toHaveLength(1)
  })

  test("emits them to the connection's receiver without a separate context", async () => {
    await expect(inspect({ image: ID }, connection)).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND' })
    expect(requests(events)).toContain(QUERY)
  })
})

test.each<[string, (connection: Connection) => Promise<unknown>]>([
  ['build', (closed) => build({ image: 'app', builder: 'builder' }, closed)],
  ['rebase', (closed) => rebase({ image: 'app' }, closed)],
  ['rebase in a registry', (closed) => rebase({ image: 'app', publish: true }, closed)],
  ['inspect', (closed) => inspect({ image: 'app' }, closed)],
  ['createBuilder', (closed) => createBuilder({ image: 'builder', config: 'builder.toml' }, closed)],
])('%s on a closed connection fails, without a new connection', async (_name, operation) => {
  await connection[Symbol.asyncDispose]()
  await expect(operation(connection)).rejects.toMatchObject({ code: 'CNB_USAGE', message: 'cannot use the connection: it is closed' })
  expect(server.asked).toEqual([])
})

test.each<[string, string, (connection: Connection) => unknown]>([
  ['build', 'image', (open) => build({} as never, open)],
  ['build', 'image', (open) => build(undefined as never, open)],
  ['rebase', 'image', (open) => rebase({ runImage: 'run' } as never, open)],
  ['rebase', 'image', (open) => rebase({ publish: true } as never, open)],
  ['inspect', 'image', (open) => inspect({} as never, open)],
  ['createBuilder', 'config', (open) => createBuilder({ image: 'builder' } as never, open)],
  ['connect', 'cwd', () => connect({ env: {} } as never)],
  ['connect', 'env', () => connect({ cwd: '/' } as never)],
])('%s without the required option %s is a usage error', async (call, option, run) => {
  await expect(async () => run(connection)).rejects.toMatchObject({ code: 'CNB_USAGE', message: `cannot call ${call}: the option '${option}' is missing` })
})

test('rejects a required option of another type', async () => {
  await expect(inspect({ image: 5 as never }, connection)).rejects.toMatchObject({ code: 'CNB_USAGE', message: "cannot call inspect: the option 'image' is not of type string" })
})
