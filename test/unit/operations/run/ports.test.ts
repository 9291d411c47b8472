import { describe, expect, it, test } from 'vitest'
import type { ContainerConfig } from '../../../../src/oci/config.ts'
import { addressOf, choosePorts, parsePort } from '../../../../src/operations/run/ports.ts'

describe('a value of --port', () => {
  it.each([
    ['8080', { container: 8080, protocol: 'tcp', address: '127.0.0.1', port: 8080 }],
    ['8080:80', { container: 80, protocol: 'tcp', address: '127.0.0.1', port: 8080 }],
    ['0.0.0.0:53:5353/udp', { container: 5353, protocol: 'udp', address: '0.0.0.0', port: 53 }],
    ['192.168.0.7:80', { container: 80, protocol: 'tcp', address: '192.168.0.7', port: 80 }],
    ['[::1]:1:2', { container: 2, protocol: 'tcp', address: '::1', port: 1 }],
  ])('may be %s', (text, port) => {
    expect(parsePort(text)).toEqual(port)
  })

  it.each(['', '0', '65536', 'web', '8080:', ':80', '80/sctp', '1.2.3:80', '0:80', '99999999999999999999', '80:80:80'])('is refused: %j', (text) => {
    expect(() => parsePort(text)).toThrow(expect.objectContaining({ code: 'CNB_USAGE', message: expect.stringContaining(`--port '${text}'`) as string }))
  })
})

describe("the app's port", () => {
  const choose = (env: Record<string, string>, config: ContainerConfig = {}, network?: string) => choosePorts([], new Map(Object.entries(env)), config, network)
  it.each<[string, ReturnType<typeof choose>, number, number | undefined]>([
    ['is 8080 by default', choose({}), 8080, 8080],
    ['is the one of PORT', choose({ PORT: '3000' }, { Env: ['PORT=9'] }), 3000, 3000],
    ["is the one of the image's PORT", choose({}, { Env: ['A=b', 'PORT=4000'], ExposedPorts: { '5000/tcp': {} } }), 4000, 4000],
    ['is the lowest exposed one', choose({}, { ExposedPorts: { '53/udp': {}, '9000': {}, '5000/tcp': {}, nonsense: {} } }), 5000, 5000],
    ['is published at another number if a rootless engine may not', choose({}, { ExposedPorts: { '80/tcp': {} } }), 80, 8080],
    ['is not what PORT says if that is no port', choose({ PORT: '99999' }), 8080, 8080],
    ["is not published in the host's network", choose({}, {}, 'host'), 8080, undefined],
  ])('%s', (_title, { app, published }, port, outside) => {
    expect([app, published[0]?.port]).toEqual([port, outside])
  })

  it('is the first published TCP port', () => {
    const given = ['53/udp', '8080:80'].map(parsePort)
    expect(choosePorts(given, new Map(), {}, undefined)).toEqual({ app: 80, published: given })
  })

  it("cannot be chosen in the host's network", () => {
    expect(() => choosePorts([parsePort('80')], new Map(), {}, 'host')).toThrow(/--port cannot be used with --network host/)
  })
})

test.each([
  ['unix:///var/run/docker.sock', '127.0.0.1', { url: 'http://localhost:80' }],
  ['npipe:////./pipe/docker_engine', '0.0.0.0', { url: 'http://localhost:80' }],
  ['unix:///var/run/docker.sock', 'fe80::1', { url: 'http://[fe80::1]:80' }],
  ['tcp://localhost:2375', '127.0.0.1', { url: 'http://localhost:80' }],
  ['tcp://build.example:2376', '0.0.0.0', { url: 'http://build.example:80' }],
  ['tcp://build.example:2376', '10.0.0.7', { url: 'http://10.0.0.7:80' }],
  ['tcp://build.example:2376', '127.0.0.1', { url: 'http://localhost:80', note: "on build.example, the engine's machine; use --port 0.0.0.0:80 to reach it from here" }],
  ['ssh://me@build.example:2222', '127.0.0.1', { url: 'http://localhost:80', note: "on build.example, the engine's machine; to reach it from here: ssh -L 80:localhost:80 -p 2222 me@build.example" }],
])('says where a port answers: engine %s, address %s', (engine, address, told) => {
  expect(addressOf({ address, port: 80 }, engine)).toEqual(told)
})
