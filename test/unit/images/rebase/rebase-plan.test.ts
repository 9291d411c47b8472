import { describe, expect, test } from 'vitest'
import { readLifecycleMetadata } from '../../../../src/images/labels/lifecycle-metadata.ts'
import { planRebase } from '../../../../src/images/rebase/rebase-plan.ts'
import type { Image } from '../../../../src/images/image.ts'
import { digestOf, hexOf, type Digest } from '../../../../src/oci/digest.ts'
import { app, image, lifecycleLabel, newRun } from '../app-images.ts'
import { containing } from '../../../support/matching.ts'

const plan = (from: Image, to: Image, options: { runImageName?: string; force?: boolean } = {}) =>
  planRebase({ app: from, runImage: to, runImageName: 'my/run:1', force: false, ...options })

describe('planRebase', () => {
  test("combines the new base's layers with the app's layers", () => {
    const { layers, config } = plan(app(), newRun())
    expect(layers.map(({ diffId }) => diffId)).toEqual(['a', 'new', 'deps', 'code', 'launcher'].map(digestOf))
    expect(config.rootfs.diff_ids).toEqual(layers.map(({ diffId }) => diffId))
  })

  test("keeps the app's container settings", () => {
    const { config } = plan(app(), newRun())
    expect(config.config).toMatchObject({ Env: ['PATH=/app', 'CNB_PLATFORM_API=0.15'], User: '1000', Entrypoint: ['/cnb/process/web'] })
  })

  test('sets the platform of the new base and constant times, as the lifecycle does', () => {
    const platform = { os: 'linux', architecture: 'amd64', variant: 'v3' }
    const { config } = plan(app(), newRun({ platform, osVersion: '7' }))
    expect(config).toMatchObject({ ...platform, 'os.version': '7', created: '1980-01-01T00:00:01Z' })
    expect(config.history).toEqual(Array(5).fill({ created: '1980-01-01T00:00:01Z' }))
    expect(config.author).toBeUndefined()
    expect(plan(app({ platform, osVersion: '7' }), newRun()).config).not.toHaveProperty('variant')
  })

  test('writes the new base to the label', () => {
    const base = newRun()
    const { config, previousRunImage } = plan(app(), base)
    expect(readLifecycleMetadata({ reference: '', labels: config.config.Labels ?? {} })).toMatchObject({
      topLayer: digestOf('new'),
      reference: hexOf(base.id as Digest),
      runImage: { image: 'my/run:1', mirrors: ['r.example/run'] },
    })
    expect(previousRunImage).toBe('my/run:1')
  })

  test("replaces the base's labels with those of the new base", () => {
    const from = app({ labels: { 'io.buildpacks.stack.id': 'old', 'io.buildpacks.base.gone': '1', mine: 'x', 'io.buildpacks.basement': '1' } })
    const { config } = plan(from, newRun({ labels: { 'io.buildpacks.stack.id': 'new', 'io.buildpacks.base.name': '2', theirs: 'y' } }))
    const { 'io.buildpacks.lifecycle.metadata': _, ...labels } = config.config.Labels ?? {}
    expect(labels).toEqual({ 'io.buildpacks.stack.id': 'new', 'io.buildpacks.base.name': '2', mine: 'x', 'io.buildpacks.basement': '1' })
  })

  test('replaces all names in the label and the deprecated stack with a forced name', () => {
    const runImageName = `my/run:2@${digestOf('x')}`
    const stack = { runImage: { image: 'my/run:1', mirrors: ['r.example/run'] } }
    const { config } = plan(app({}, { stack }), newRun(), { runImageName, force: true })
    const label = JSON.parse(config.config.Labels?.['io.buildpacks.lifecycle.metadata'] ?? '') as Record<string, unknown>
    expect(label).toMatchObject({ runImage: { image: runImageName }, stack: { runImage: { image: runImageName } } })
    expect(JSON.stringify(label)).not.toContain('mirrors')
  })

  test('reports a change for a new name of the same layers, once', () => {
    const base = newRun()
    const onBase = plan(app(), base).config.config.Labels ?? {}
    const from = (labels: Record<string, string>): Image => app({ layers: ['a', 'new', 'deps', 'code', 'launcher'], labels })
    const renamed = plan(from(onBase), base, { runImageName: 'my/run:2', force: true })
    expect(renamed).toMatchObject({ changed: true, reason: "'my/run:2' is a new name for the same layers" })
    const labels = renamed.config.config.Labels ?? {}
    expect(plan(from(labels), base, { runImageName: 'my/run:2' })).toMatchObject({ changed: false, warnings: [] })
    expect(() => plan(from(labels), base)).toThrow(expect.objectContaining({ code: 'CNB_NOT_REBASABLE' }))
  })

  test('reports no change for an app that is already on the base', () => {
    const base = newRun()
    const first = plan(app(), base)
    const labels = first.config.config.Labels ?? {}
    const again = plan(image({ reference: 'my/app', env: ['CNB_PLATFORM_API=0.15'], layers: ['a', 'new', 'deps', 'code', 'launcher'], labels }), base)
    expect([first.changed, again.changed]).toEqual([true, false])
    expect(plan(image({ env: ['CNB_PLATFORM_API=0.15'], layers: ['a', 'new', 'deps'], labels }), { ...base, id: digestOf('other') }).changed).toBe(true)
  })
})

describe('planRebase', () => {
  test('rejects an image without the label, also with force', () => {
    expect(() => plan(image(), newRun(), { force: true })).toThrow(
      expect.objectContaining({ code: 'CNB_NOT_REBASABLE', message: containing('io.buildpacks.lifecycle.metadata'), hint: containing('does not help') }),
    )
  })

  test("rejects an image without the old base's top layer", () => {
    const from = app({ labels: { 'io.buildpacks.lifecycle.metadata': lifecycleLabel('elsewhere') } })
    expect(() => plan(from, newRun(), { force: true })).toThrow(expect.objectContaining({ code: 'CNB_NOT_REBASABLE', message: containing(digestOf('elsewhere')) }))
  })

  test('rejects a run image without layers', () => {
    expect(() => plan(app(), newRun({ layers: [] }))).toThrow(expect.objectContaining({ code: 'CNB_RUN_IMAGE_INVALID' }))
  })

  test('rejects a label that is not JSON', () => {
    expect(() => plan(app({ labels: { 'io.buildpacks.lifecycle.metadata': '{' } }), newRun())).toThrow(expect.objectContaining({ code: 'CNB_IMAGE_INVALID' }))
  })
})
