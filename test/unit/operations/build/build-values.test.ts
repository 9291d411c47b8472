import { expect, test } from 'vitest'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { parseCreationTime, parseLabels, parseVolume, parseWorkspace, proxyEnv } from '../../../../src/operations/build/build-values.ts'
import { parsePlatform } from '../../../../src/operations/parse-platform.ts'

const usage = expect.objectContaining({ code: 'CNB_USAGE', exit: 2 })

test.each([
  ['/data:/in', { type: 'bind', source: '/data', target: '/in', readOnly: true }],
  ['data/sub:/in:rw', { type: 'bind', source: '/work/data/sub', target: '/in', readOnly: false }],
  ['.:/in', { type: 'bind', source: '/work', target: '/in', readOnly: true }],
  ['named:/in:ro', { type: 'volume', source: 'named', target: '/in', readOnly: true }],
])('parses --volume %s', (text, mount) => {
  expect(parseVolume(text, '/work')).toEqual(mount)
})

test.each(['/data', ':/in', '/data:in', '/data:/in:rx', 'a b:/in', '/a:/b:ro:more'])("refuses --volume '%s'", (text) => {
  expect(() => parseVolume(text, '/work')).toThrow(usage)
})

test.each([
  ['/x:/layers/y', "'/layers/y' overlaps a directory of the build: it hides the files of buildpacks"],
  ['/x:/workspace:rw', "'/workspace' overlaps a directory of the build: it hides all or part of the app"],
  ['/x:/workspace/sub', "'/workspace/sub' overlaps a directory of the build: it hides all or part of the app"],
  ['/x:/platform/bindings', "'/platform/bindings' overlaps a directory of the build: it hides the build's variables and bindings"],
  ['/x:/platform:rw', "'/platform' overlaps a directory of the build: it hides the build's variables and bindings"],
  ['/x:/cnb', "'/cnb' overlaps a directory of the build: it hides the builder's files"],
  ['/x:/in/../cnb//buildpacks/', "'/cnb/buildpacks' overlaps a directory of the build: it hides the builder's files"],
])("warns of --volume '%s' with its effect", (text, words) => {
  const events: CnbEvent[] = []
  parseVolume(text, '/work', (event) => events.push(event))
  expect(events).toEqual([{ type: 'warning', message: expect.stringContaining(words) as string }])
})

test.each(['/x:/layersome', '/x:/layers/../in', '/x:/in/workspace'])("accepts --volume '%s' without a warning", (text) => {
  const events: CnbEvent[] = []
  parseVolume(text, '/work', (event) => events.push(event))
  expect(events).toEqual([])
})

test.each([
  ['/x:/layers', /mounts its own volume at \/layers/],
  ['/x:/layers/:rw', /mounts its own volume at \/layers/],
  ['/x:/in/../layers:rw', /mounts its own volume at \/layers/],
  ['/x:/workspace', /writes files to \/workspace, but the mount is read-only/],
  ['/x:/workspace/.:ro', /writes files to \/workspace/],
  ['/x:/platform', /writes files to \/platform/],
])("refuses --volume '%s', which would break the build", (text, message) => {
  expect(() => parseVolume(text, '/work')).toThrow(expect.objectContaining({ code: 'CNB_USAGE', message: expect.stringMatching(message) }))
})

test.each([
  ['now', 1_700_000_000],
  ['0', 0],
  ['1566172801', 1_566_172_801],
  ['2019-08-19T00:00:01Z', 1_566_172_801],
  ['1980-01-01', 315_532_800],
])('parses --creation-time %s', (text, seconds) => {
  expect(parseCreationTime(text, () => 1_700_000_000_999)).toBe(seconds)
})

test.each(['yesterday', '', '-1', '1.5', '2019-13-01', '19'.repeat(10)])("refuses --creation-time '%s'", (text) => {
  expect(() => parseCreationTime(text, () => 0)).toThrow(usage)
})

test('parses --platform with and without a variant, and refuses empty and upper-case values', () => {
  expect(parsePlatform('linux/arm64')).toEqual({ os: 'linux', architecture: 'arm64' })
  expect(parsePlatform('linux/arm/v7')).toEqual({ os: 'linux', architecture: 'arm', variant: 'v7' })
  for (const text of ['', 'linux', 'Linux/amd64', 'linux/', 'linux/a/b/c']) expect(() => parsePlatform(text)).toThrow(usage)
})

test('returns proxy variables in upper and lower case', () => {
  expect(proxyEnv({ http_proxy: 'http://p', NO_PROXY: 'x', HOME: '/h' })).toEqual([
    'HTTP_PROXY=http://p',
    'http_proxy=http://p',
    'NO_PROXY=x',
    'no_proxy=x',
  ])
})

test.each([['app', '/app'], ['/app/', '/app'], ['my.app-1', '/my.app-1']])('accepts --workspace %s', (text, path) => {
  expect(parseWorkspace(text)).toBe(path)
})

test.each(['', '/', '.', '..', 'a/b', '../x', 'layers', '/cnb', 'platform', 'etc', 'a b', 'a\0'])('rejects --workspace %j', (text) => {
  expect(() => parseWorkspace(text)).toThrow(expect.objectContaining({ code: 'CNB_USAGE' }))
})

test('parses --label; the last one of a name wins', () => {
  expect([...parseLabels(['a=1', 'b=', 'url=https://example.com/?q=1', 'a=2'])]).toEqual([['a', '2'], ['b', ''], ['url', 'https://example.com/?q=1']])
  for (const text of ['', 'a', '=1', 'a\0=1', 'a=\0', 'io.buildpacks.lifecycle.metadata={}']) expect(() => parseLabels([text])).toThrow(usage)
})
