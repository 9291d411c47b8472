import { expect, test } from 'vitest'
import { parseTag } from '../../../src/oci/reference.ts'
import { phasesOf, type Phase } from '../../../src/lifecycle/phase.ts'
import { PLATFORM_APIS } from '../../../src/formats/api-features.ts'
import { parseApiVersion } from '../../../src/formats/versions.ts'
import { aBuilder, aPlan } from '../../support/plans.ts'

const api = (text: string) => parseApiVersion(text) ?? { major: 0, minor: 0 }

function spec(phase: Phase, changes: Parameters<typeof aPlan>[0] = {}) {
  const found = phasesOf(aPlan({ trusted: phase === 'creator', ...changes })).find((one) => one.phase === phase)
  if (!found) throw new Error(`no ${phase}`)
  return found
}

test('runs five phases in the order of the specification for an untrusted builder', () => {
  expect(phasesOf(aPlan()).map(({ phase }) => phase)).toEqual(['analyzer', 'detector', 'restorer', 'builder', 'exporter'])
})

test('runs all phases in one container for a trusted builder', () => {
  expect(phasesOf(aPlan({ trusted: true })).map(({ phase }) => phase)).toEqual(['creator'])
})

test("never runs buildpacks of an untrusted builder as root or with access to the engine, with any Platform API", () => {
  for (const text of PLATFORM_APIS) {
    for (const one of phasesOf(aPlan({ platformApi: api(text) })).filter(({ runsBuildpacks }) => runsBuildpacks)) {
      expect(one).toMatchObject({ root: false, engineAccess: false, caches: [] })
    }
  }
})

test('passes the negotiated Platform API and the proxies to every phase', () => {
  for (const one of phasesOf(aPlan({ platformApi: api('0.9'), proxyEnv: ['HTTP_PROXY=http://proxy'] }))) {
    expect(one.env).toEqual(expect.arrayContaining(['CNB_PLATFORM_API=0.9', 'HTTP_PROXY=http://proxy']))
  }
})

test('uses run.toml instead of stack.toml since Platform API 0.12', () => {
  for (const phase of ['creator', 'analyzer', 'exporter'] as const) {
    expect(spec(phase, { platformApi: api('0.11') }).args.join(' ')).toContain('-stack /layers/stack.toml')
    expect(spec(phase, { platformApi: api('0.12') }).args.join(' ')).toContain('-run /layers/run.toml')
  }
})

test('passes the launch cache to the analyzer only since Platform API 0.9, which has the flag', () => {
  expect(spec('analyzer', { platformApi: api('0.8') })).toMatchObject({ caches: [] })
  expect(spec('analyzer', { platformApi: api('0.8') }).args).not.toContain('-launch-cache')
  expect(spec('analyzer', { platformApi: api('0.9') }).args).toContain('-launch-cache')
})

test('lets the restorer access the engine only since Platform API 0.12', () => {
  expect(spec('restorer', { platformApi: api('0.11') })).toMatchObject({ engineAccess: false })
  expect(spec('restorer', { platformApi: api('0.12') })).toMatchObject({ engineAccess: true })
})

test('passes the execution environment since Platform API 0.15', () => {
  expect(spec('detector', { platformApi: api('0.14') }).env).not.toContain('CNB_EXEC_ENV=production')
  expect(spec('detector', { platformApi: api('0.15') }).env).toContain('CNB_EXEC_ENV=production')
})

test('allows experimental extensions before Platform API 0.13', () => {
  const experimental = 'CNB_EXPERIMENTAL_MODE=warn'
  const builder = aBuilder({ orderExtensions: [{ group: [{ id: 'some/extension' }] }] })
  expect(spec('detector', { builder, platformApi: api('0.12') }).env).toContain(experimental)
  expect(spec('detector', { builder, platformApi: api('0.13') }).env).not.toContain(experimental)
  expect(spec('detector', { platformApi: api('0.12') }).env).not.toContain(experimental)
})

test('passes the requested execution environment', () => {
  expect(spec('builder', { execEnv: 'test' }).env).toContain('CNB_EXEC_ENV=test')
})

test('skips restoring layers if requested, or if the cache is cleared', () => {
  const flags = (...given: Parameters<typeof phasesOf>): string[] =>
    phasesOf(...given).flatMap(({ phase, args }) => args.filter((arg) => arg.startsWith('-skip')).map((arg) => `${phase} ${arg}`))
  expect(flags(aPlan())).toEqual([])
  expect(flags(aPlan(), true)).toEqual(['analyzer -skip-layers', 'restorer -skip-layers'])
  expect(flags(aPlan({ clearCache: true }))).toEqual(['analyzer -skip-layers', 'restorer -skip-layers'])
  expect(flags(aPlan({ trusted: true }), true)).toEqual(['creator -skip-restore'])
})

test('omits the skip flag of the analyzer before Platform API 0.9, which does not have it', () => {
  for (const text of PLATFORM_APIS) {
    const { args } = spec('analyzer', { clearCache: true, platformApi: api(text) })
    expect({ api: text, skips: args.includes('-skip-layers') }).toEqual({ api: text, skips: !['0.7', '0.8'].includes(text) })
  }
  expect(spec('restorer', { clearCache: true, platformApi: api('0.7') }).args).toContain('-skip-layers')
})

test('passes the image name last, and further names as flags to the analyzer and as arguments to the exporter', () => {
  const tags = [parseTag('other/name:1')]
  expect(spec('analyzer', { tags }).args.slice(-1)).toEqual(['my-app:latest'])
  expect(spec('analyzer', { tags }).args.join(' ')).toContain('-tag other/name:1')
  expect(spec('exporter', { tags }).args.slice(-2)).toEqual(['my-app:latest', 'other/name:1'])
})

test('skips restoring with the flag of each phase if the cache is cleared', () => {
  expect(spec('creator', { clearCache: true }).args).toContain('-skip-restore')
  expect(spec('analyzer', { clearCache: true }).args).toContain('-skip-layers')
  expect(spec('restorer', { clearCache: true }).args).toContain('-skip-layers')
})

test('passes the creation time only to phases that write the image', () => {
  const withTime = phasesOf(aPlan({ creationTime: 42 })).filter(({ env }) => env.includes('SOURCE_DATE_EPOCH=42'))
  expect(withTime.map(({ phase }) => phase)).toEqual(['exporter'])
})

test('passes the default process and the previous image', () => {
  const changes = { defaultProcess: 'worker', previousImage: 'my-app:before' }
  expect(spec('creator', changes).args.join(' ')).toContain('-previous-image my-app:before -process-type worker')
  expect(spec('analyzer', changes).args.join(' ')).toContain('-previous-image my-app:before')
  expect(spec('exporter', changes).args.join(' ')).toContain('-process-type worker')
})

test('passes the directory of the app and another user than that of the builder', () => {
  for (const phase of ['creator', 'exporter'] as const) expect(spec(phase, { appDir: '/app', user: '5:0' }).args.join(' ')).toMatch(/-uid 5 -gid 0 .*-app \/app /)
  expect(spec('detector', { appDir: '/app' }).args).toEqual(expect.arrayContaining(['-app', '/app']))
  expect(spec('analyzer', { user: '5:0' }).args).toContain('-uid')
})
