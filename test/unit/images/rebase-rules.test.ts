import { describe, expect, test } from 'vitest'
import type { Image } from '../../../src/images/image.ts'
import { readLifecycleMetadata } from '../../../src/images/lifecycle-metadata.ts'
import { checkRebase } from '../../../src/images/rebase-rules.ts'
import { app, newRun, type ImageChanges } from './app-images.ts'
import { containing } from '../../support/matching.ts'

function check(from: Image, to: Image, { name = 'my/run:2', force = false } = {}) {
  return checkRebase({ app: from, runImage: to, runImageName: name, force }, readLifecycleMetadata(from)!)
}

const refused = (message: string, hint: string): unknown =>
  expect.objectContaining({ code: 'CNB_NOT_REBASABLE', message: containing(message), hint: containing(hint) })

describe('an app of Platform API 0.12 or later', () => {
  const distro = (name: string, version?: string): ImageChanges => ({
    labels: { 'io.buildpacks.base.distro.name': name, ...(version ? { 'io.buildpacks.base.distro.version': version } : {}) },
  })

  test('goes onto a base of the same target', () => {
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
  ])('is refused for another %s, and warned of it when forced', (rule, from, to) => {
    expect(() => check(app(from), newRun(to))).toThrow(refused(rule, 'use --force'))
    const { warnings } = check(app(from), newRun(to), { force: true })
    expect(warnings).toEqual([containing(rule)])
  })

  test.each<[string, ImageChanges, ImageChanges]>([
    ['variant', { platform: { os: 'linux', architecture: 'amd64', variant: 'v2' } }, {}],
    ['distribution', distro('debian', '12'), {}],
    ['distribution of the app', {}, distro('debian', '12')],
    ['distribution version', distro('debian', '12'), distro('debian')],
    ['stack', { labels: { 'io.buildpacks.stack.id': 'a', 'io.buildpacks.stack.mixins': '["x"]' } }, { labels: { 'io.buildpacks.stack.id': 'b' } }],
  ])('is not asked for a %s that only one of the two tells, or that no longer counts', (_, from, to) => {
    expect(check(app(from), newRun(to)).warnings).toEqual([])
  })

  test('all broken rules are told at once', () => {
    const from = app({ labels: { 'io.buildpacks.rebasable': 'false', 'io.buildpacks.base.distro.name': 'debian' } })
    expect(() => check(from, newRun(distro('alpine')))).toThrow(refused('(label io.buildpacks.rebasable is false); its distribution', '--force'))
  })
})

describe('an app of an older Platform API', () => {
  const old = (labels: Record<string, string>, env = ['CNB_PLATFORM_API=0.11']) => app({ env, labels })
  const stack = (id: string, mixins: string[] = []) => ({ 'io.buildpacks.stack.id': id, 'io.buildpacks.stack.mixins': JSON.stringify(mixins) })

  test.each([[['CNB_PLATFORM_API=0.11']], [['CNB_PLATFORM_API=']], [[]]])('goes onto a base of its stack (%j)', (env) => {
    expect(check(old(stack('s', ['run:a']), env), newRun({ labels: stack('s', ['a', 'b']) }))).toEqual({ warnings: [], replaceName: false })
  })

  test.each([
    ['names no stack', {}, stack('s')],
    ['names no stack, and the app needs', stack('s'), {}],
    ["stack is 's'", stack('s'), stack('t')],
    ['mixins b, c', stack('s', ['run:c', 'b', 'a']), stack('s', ['run:a'])],
  ])('is refused when it %s, and force does not help', (message, from, to) => {
    for (const force of [false, true]) {
      expect(() => check(old(from), newRun({ labels: to }), { force })).toThrow(refused(message, 'does not help'))
    }
  })

  test('is not held to targets or the label rebasable', () => {
    const from = old({ ...stack('s'), 'io.buildpacks.rebasable': 'false' })
    expect(check(from, newRun({ labels: stack('s'), platform: { os: 'linux', architecture: 'arm64' } })).warnings).toEqual([])
  })
})

describe('the name of the run image', () => {
  test.each(['my/run', 'my/run:9', 'docker.io/my/run:1', 'index.docker.io/my/run', 'r.example/run:3', `my/run@sha256:${'0'.repeat(64)}`])('%s is one that the app knows', (name) => {
    expect(check(app(), newRun(), { name })).toEqual({ warnings: [], replaceName: false })
  })

  test.each(['my/other', 'r.example:5000/run', 'other.example/my/run', `sha256:${'0'.repeat(64)}`])('%s is not: it is refused, or when forced goes into the label', (name) => {
    expect(() => check(app(), newRun(), { name })).toThrow(refused(`names only 'my/run:1', 'r.example/run', not '${name}'`, '--force'))
    expect(check(app(), newRun(), { name, force: true })).toEqual({ warnings: [containing(name)], replaceName: true })
  })

  test('is known also from the deprecated stack alone', () => {
    const runImage = { topLayer: 'x', reference: 'y' }
    const from = app({}, { runImage, stack: { runImage: { image: 'old/run' } } })
    expect(check(from, newRun(), { name: 'old/run:2' }).replaceName).toBe(false)
    expect(() => check(app({}, { runImage }), newRun())).toThrow(refused('names no run image at all', '--force'))
  })
})

test('a Platform API that is no version is an error of the image', () => {
  expect(() => check(app({ env: ['CNB_PLATFORM_API=latest'] }), newRun())).toThrow(expect.objectContaining({ code: 'CNB_IMAGE_INVALID', message: containing("'latest'") }))
})
