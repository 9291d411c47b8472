import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Image } from '../../../../src/images/image.ts'
import { readLifecycleMetadata } from '../../../../src/images/labels/lifecycle-metadata.ts'
import { checkRebase } from '../../../../src/images/rebase/rebase-rules.ts'
import { app, newRun, type ImageChanges } from '../app-images.ts'
import { containing } from '../../../support/matching.ts'

function check(from: Image, to: Image, { name = 'my/run:1', force = false } = {}) {
  return checkRebase({ app: from, runImage: to, runImageName: name, force }, readLifecycleMetadata(from)!)
}

const refused = (message: string, hint: string): unknown =>
  expect.objectContaining({ code: 'CNB_NOT_REBASABLE', message: containing(message), hint: containing(hint) })

describe('checkRebase for Platform API 0.12 or newer', () => {
  const distro = (name?: string, version?: string): ImageChanges => ({
    labels: {
      ...(name === undefined ? {} : { 'io.buildpacks.base.distro.name': name }),
      ...(version === undefined ? {} : { 'io.buildpacks.base.distro.version': version }),
    },
  })

  test('accepts a base with the same target', () => {
    expect(check(app(distro('debian', '12')), newRun(distro('debian', '12')))).toEqual({ warnings: [], replaceName: false })
    expect(check(app({ env: ['CNB_PLATFORM_API=0.12'] }), newRun())).toEqual({ warnings: [], replaceName: false })
    expect(check(app({ env: ['CNB_PLATFORM_API=1.0'] }), newRun())).toEqual({ warnings: [], replaceName: false })
  })

  test.each<[string, ImageChanges, ImageChanges]>([
    ['not rebasable', { labels: { 'io.buildpacks.rebasable': 'false' } }, {}],
    ['operating system', {}, { platform: { os: 'windows', architecture: 'amd64' } }],
    ['architecture', {}, { platform: { os: 'linux', architecture: 'arm64' } }],
    ['variant', { platform: { os: 'linux', architecture: 'arm', variant: 'v6' } }, { platform: { os: 'linux', architecture: 'arm', variant: 'v7' } }],
    ['distribution', distro('debian'), distro('alpine')],
    ['distribution version', distro('debian', '12'), distro('debian', '13')],
    ['distribution version', distro('debian'), distro('debian', '12')],
    ['distribution', distro(undefined, '12'), distro('debian')],
    ['has no distribution', {}, distro('debian', '12')],
    ['has no distribution', {}, distro('')],
    ['has no distribution', {}, distro(undefined, '')],
  ])('rejects an app with the violation: %s; with force, only warns', (rule, from, to) => {
    expect(() => check(app(from), newRun(to))).toThrow(refused(rule, 'Use --force'))
    const { warnings } = check(app(from), newRun(to), { force: true })
    expect(warnings).toEqual([containing(rule)])
  })

  test.each<[string, ImageChanges, ImageChanges]>([
    ['variant', { platform: { os: 'linux', architecture: 'amd64', variant: 'v2' } }, {}],
    ['distribution', distro('debian', '12'), {}],
    ['distribution', distro('debian', '12'), distro('')],
    ['distribution', distro(''), distro('')],
    ['distribution version', distro('debian', '12'), distro('debian')],
    ['distribution name', distro('debian', '12'), distro('', '12')],
    ['stack', { labels: { 'io.buildpacks.stack.id': 'a', 'io.buildpacks.stack.mixins': '["x"]' } }, { labels: { 'io.buildpacks.stack.id': 'b' } }],
  ])('ignores a %s that the run image does not declare, or that is obsolete', (_, from, to) => {
    expect(check(app(from), newRun(to)).warnings).toEqual([])
  })

  test('reports all violated rules in one error', () => {
    const from = app({ labels: { 'io.buildpacks.rebasable': 'false', 'io.buildpacks.base.distro.name': 'debian' } })
    expect(() => check(from, newRun(distro('alpine')))).toThrow(refused('(label io.buildpacks.rebasable is false); its distribution', '--force'))
  })
})

describe('checkRebase for an older Platform API', () => {
  const old = (labels: Record<string, string>, env = ['CNB_PLATFORM_API=0.11']) => app({ env, labels })
  const stack = (id: string, mixins: string[] = []) => ({ 'io.buildpacks.stack.id': id, 'io.buildpacks.stack.mixins': JSON.stringify(mixins) })

  test.each([[['CNB_PLATFORM_API=0.11']], [['CNB_PLATFORM_API=']], [[]]])('accepts a base with the same stack (%j)', (env) => {
    expect(check(old(stack('s', ['run:a', 'any:b', 'any:b']), env), newRun({ labels: stack('s', ['a', 'build:b']) }))).toEqual({ warnings: [], replaceName: false })
  })

  test.each([
    ['has no stack', {}, stack('s')],
    ['has no stack, but the app needs', stack('s'), {}],
    ["stack is 's'", stack('s'), stack('t')],
    ['mixins b, c', stack('s', ['run:c', 'b', 'a']), stack('s', ['run:a'])],
    ['mixins x:b', stack('s', ['run:x:b']), stack('s', ['b'])],
  ])('rejects an app with the violation: %s; also with force', (message, from, to) => {
    for (const force of [false, true]) {
      expect(() => check(old(from), newRun({ labels: to }), { force })).toThrow(refused(message, 'does not help'))
    }
  })

  test('ignores targets and the label rebasable', () => {
    const from = old({ ...stack('s'), 'io.buildpacks.rebasable': 'false' })
    expect(check(from, newRun({ labels: stack('s'), platform: { os: 'linux', architecture: 'arm64' } })).warnings).toEqual([])
  })
})

describe("checkRebase of the run image's name", () => {
  const DIGEST = `@sha256:${'0'.repeat(64)}`

  test.each(['my/run:1', 'docker.io/my/run:1', `index.docker.io/my/run:1${DIGEST}`, 'r.example/run', 'r.example/run:latest', `r.example/run${DIGEST}`])('accepts %s from the label', (name) => {
    expect(check(app(), newRun(), { name })).toEqual({ warnings: [], replaceName: false })
  })

  test.each(['my/run', 'my/run:2', `my/run${DIGEST}`, 'r.example/run:3', 'my/other:1', 'r.example:5000/run', 'other.example/my/run:1', `sha256:${'0'.repeat(64)}`])('rejects %s, or with force adds it to the label', (name) => {
    expect(() => check(app(), newRun(), { name })).toThrow(refused(`lists only 'my/run:1', 'r.example/run', not '${name}'`, 'records the new name'))
    expect(check(app(), newRun(), { name, force: true })).toEqual({ warnings: [containing(name)], replaceName: true })
  })

  const known = (metadata: object, name: string): boolean => !check(app({}, { runImage: { topLayer: 'x', reference: 'y' }, ...metadata }), newRun(), { name, force: true }).replaceName

  test('compares tags and ignores digests', () => {
    expect(known({ runImage: { image: `old/run:1@sha256:${'1'.repeat(64)}` } }, `old/run:1${DIGEST}`)).toBe(true)
    expect(known({ runImage: { image: `old/run@sha256:${'1'.repeat(64)}` } }, 'old/run:latest')).toBe(true)
    expect(known({ runImage: { image: `old/run:1@sha256:${'1'.repeat(64)}` } }, `old/run${DIGEST}`)).toBe(false)
  })

  test('reads names from the deprecated stack, and from mirrors without an image', () => {
    expect(known({ stack: { runImage: { image: 'old/run' } } }, 'old/run:latest')).toBe(true)
    expect(known({ runImage: { mirrors: ['old/run'] } }, 'old/run:latest')).toBe(true)
    expect(known({ stack: { runImage: { mirrors: ['a', 'old/run:1'] } } }, 'old/run:1')).toBe(true)
    expect(known({ runImage: { image: 'new/run' }, stack: { runImage: { image: 'old/run' } } }, 'old/run')).toBe(true)
    expect(() => check(app({}, { runImage: { topLayer: 'x' } }), newRun())).toThrow(refused('lists no run image', '--force'))
  })

  test('compares everything except the digest', () => {
    const part = fc.constantFrom('a', 'b')
    const name = fc.record({ registry: fc.constantFrom('', 'docker.io/', 'r.example/'), path: part, tag: fc.constantFrom('', ':latest', ':1'), digest: fc.constantFrom('', DIGEST) })
    const counted = ({ registry, path, tag }: { registry: string; path: string; tag: string }): string => `${registry || 'docker.io/'}${path}${tag || ':latest'}`
    const text = ({ registry, path, tag, digest }: { registry: string; path: string; tag: string; digest: string }): string => `${registry}${path}${tag}${digest}`
    fc.assert(fc.property(name, name, (one, other) => {
      expect(known({ runImage: { image: text(one) } }, text(other))).toBe(counted(one) === counted(other))
    }))
  })
})

test('rejects an image with an invalid Platform API version', () => {
  expect(() => check(app({ env: ['CNB_PLATFORM_API=latest'] }), newRun())).toThrow(expect.objectContaining({ code: 'CNB_IMAGE_INVALID', message: containing("'latest'") }))
})
