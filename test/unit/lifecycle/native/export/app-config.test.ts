import { expect, test } from 'vitest'
import { appConfig, type AppSettings } from '../../../../../src/lifecycle/native/export/app-config.ts'
import { anImage } from '../../../../support/plans.ts'
import { aLayer } from './inputs.ts'

const BASE_LAYERS = [aLayer('one'), aLayer('two')]

function settings(config: Partial<ReturnType<typeof anImage>['config']> = {}, changes: Partial<AppSettings> = {}): AppSettings {
  const plain = anImage()
  return {
    base: anImage({ config: { ...plain.config, ...config }, layers: BASE_LAYERS }),
    added: [{ layer: aLayer('app'), createdBy: 'Application Layer' }],
    labels: [],
    defaultProcess: 'web',
    platformApi: { major: 0, minor: 15 },
    creationTime: undefined,
    ...changes,
  }
}

test('adds the lifecycle’s environment to the run image’s, replacing variables in place', () => {
  const { config } = appConfig(settings({ config: { Env: ['A=1', 'CNB_APP_DIR=/old', 'PATH=/bin', 'PATH=/twice'] } }))
  expect(config.Env).toEqual([
    'A=1',
    'CNB_APP_DIR=/workspace',
    'PATH=/cnb/process:/cnb/lifecycle:/bin',
    'PATH=/twice',
    'CNB_LAYERS_DIR=/layers',
    'CNB_PLATFORM_API=0.15',
    'CNB_DEPRECATION_MODE=quiet',
  ])
})

test.each([
  ['missing', []],
  ['a value with an equals sign', ['PATH=/a=b']],
])('treats a PATH that is %s as empty', (_what, env) => {
  expect(appConfig(settings({ config: { Env: env } })).config.Env).toContain('PATH=/cnb/process:/cnb/lifecycle:')
})

test('removes the run image’s command, keeps its other settings, and does not change the base', () => {
  const given = settings({ config: { User: 'u', Cmd: ['x'], Entrypoint: ['y'], Volumes: { '/v': {} }, Labels: { a: '1' } } }, { labels: [['b', '2']] })
  const before = structuredClone(given.base.config)
  expect(appConfig(given).config).toMatchObject({
    User: 'u',
    Entrypoint: ['/cnb/process/web'],
    WorkingDir: '/workspace',
    Volumes: { '/v': {} },
    Labels: { a: '1', b: '2' },
  })
  expect(appConfig(given).config).not.toHaveProperty('Cmd')
  expect(given.base.config).toEqual(before)
})

test('keeps the base’s history if it covers each layer, otherwise leaves it blank', () => {
  const entry = (created_by: string) => ({ created: '2020-01-01T00:00:00Z', created_by, comment: 'c' })
  const created = '1980-01-01T00:00:01Z'
  const known = appConfig(settings({ history: [entry('a'), { ...entry('env'), empty_layer: true }, entry('b')] }))
  expect(known.history).toEqual([
    { created, created_by: 'a', comment: 'c' },
    { created, created_by: 'b', comment: 'c' },
    { created, created_by: 'Application Layer' },
  ])
  const unknown = appConfig(settings({ history: [entry('a')] }))
  expect(unknown.history).toEqual([{ created }, { created }, { created, created_by: 'Application Layer' }])
})

test('writes empty history entries before Platform API 0.12', () => {
  const { history } = appConfig(settings({ history: [{ created_by: 'a' }, { created_by: 'b' }] }, { platformApi: { major: 0, minor: 11 } }))
  expect(history).toEqual(Array.from({ length: 3 }, () => ({ created: '1980-01-01T00:00:01Z' })))
})

test('uses the user’s creation time since Platform API 0.9', () => {
  const at = (minor: number, creationTime: number) => appConfig(settings({}, { platformApi: { major: 0, minor }, creationTime })).created
  expect(at(9, 0)).toBe('1970-01-01T00:00:00Z')
  expect(at(15, 1_700_000_000)).toBe('2023-11-14T22:13:20Z')
  expect(at(8, 1_700_000_000)).toBe('1980-01-01T00:00:01Z')
})

test('keeps platform, author, engine and layers of the base, and drops fields unknown to the lifecycle', () => {
  const kept = { architecture: 'arm', variant: 'v7', 'os.version': '1', 'os.features': ['f'], author: 'me', docker_version: '20' }
  const config = appConfig(settings({ ...kept, container: 'c', odd: 1 }))
  expect(config).toMatchObject(kept)
  for (const name of ['container', 'odd']) expect(config).not.toHaveProperty(name)
  expect(config.rootfs.diff_ids).toEqual([...BASE_LAYERS, aLayer('app')].map(({ diffId }) => diffId))
})

test('accepts any label name', () => {
  const { config } = appConfig(settings({}, { labels: [['__proto__', 'x'], ['', 'y']] }))
  expect(Object.entries(config.Labels ?? {})).toEqual(expect.arrayContaining([['__proto__', 'x'], ['', 'y']]))
})
