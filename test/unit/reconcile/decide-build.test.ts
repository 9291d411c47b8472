import { describe, expect, it } from 'vitest'
import { decideBuild, type Decision, type DecisionOptions } from '../../../src/reconcile/decide-build.ts'
import { newBuild } from '../../../src/reconcile/new-build.ts'
import { decisionInput, NOW } from '../../support/kpack-decisions.ts'

const FAILED = { status: { conditions: [{ type: 'Succeeded', status: 'False' }] } }
const RUN_IMAGE = { status: { stack: { runImage: `registry.example/run@sha256:${'b'.repeat(64)}` } } }
const ON_ENGINE = { status: { latestImage: `sha256:${'e'.repeat(64)}` } }
const TAGS = { spec: { additionalTags: ['registry.example/team/app:x'] } }

interface Patches {
  readonly image?: unknown
  readonly build?: unknown
  readonly resolver?: unknown
  readonly builder?: unknown
}

function decide({ build = {}, ...patches }: Patches, options: Partial<DecisionOptions> = {}): Decision {
  const { image, builds, resolver, builder } = decisionInput({ name: '', builds: [build], ...patches })
  if (!builder) throw new Error('no builder')
  return decideBuild(image, builds[0], resolver, builder, { now: NOW, ...options })
}

/** The kind of a decision and its reasons. */
function outline(decision: Decision): string {
  const changes = decision.kind === 'NONE' ? decision.pending : decision.kind === 'UNKNOWN' ? [] : decision.changes
  return [decision.kind, ...changes.map(({ reason }) => reason)].join(' ')
}

describe('decideBuild', () => {
  it.each<[string, Patches, string, string]>([
    ['nothing changed', {}, 'NONE', 'NONE'],
    ['another builder', { builder: { metadata: { name: 'other' } } }, 'BUILD BUILDER', 'NONE'],
    ['another kind of builder', { builder: { kind: 'ClusterBuilder' } }, 'BUILD BUILDER', 'NONE'],
    ['a build of kpack without the kind of its builder', { build: { metadata: { annotations: { 'image.kpack.io/builderKind': '' } } } }, 'NONE', 'NONE'],
    ['a build without the name of its builder', { build: { metadata: { annotations: { 'image.kpack.io/builderName': null } } } }, 'NONE', 'NONE'],
    ['another process', { image: { spec: { defaultProcess: 'worker' } } }, 'BUILD PROCESS', 'NONE'],
    ['another project descriptor', { image: { spec: { projectDescriptorPath: 'p.toml' } } }, 'BUILD DESCRIPTOR', 'NONE'],
    ['additional tags', { image: TAGS }, 'RETAG TAGS', 'NONE'],
    ['removed tags', { build: { spec: { tags: ['a', 'a:b7.20060101.000000', 'a:x'] } } }, 'RETAG TAGS', 'NONE'],
    ['a failed build without tags, as of an invalid name', { build: { ...FAILED, spec: { tags: [] } } }, 'NONE', 'NONE'],
    ['another tagging strategy', { image: { spec: { imageTaggingStrategy: 'None' } } }, 'RETAG TAGS', 'NONE'],
    ['another cache', { image: { spec: { cache: { registry: { tag: 'r/c' } } } } }, 'NONE CACHE', 'NONE'],
    ['another cache and tags', { image: { spec: { ...TAGS.spec, cache: { volume: { size: '1G' } } } } }, 'RETAG TAGS CACHE', 'NONE'],
    ['a volume without its name, as of a first build', { image: { spec: { cache: { volume: { size: '1G' } } } }, build: { spec: { cache: { volume: {} } } } }, 'NONE', 'NONE'],
    ['another run image', { builder: RUN_IMAGE }, 'REBASE STACK', 'REBASE STACK'],
    ['another run image and tags', { builder: RUN_IMAGE, image: TAGS }, 'REBASE STACK TAGS', 'REBASE STACK'],
    ['another run image of another stack, and tags', { builder: { status: { stack: { ...RUN_IMAGE.status.stack, id: 'x' } } }, image: TAGS }, 'BUILD STACK TAGS', 'BUILD STACK'],
    ['another run image and process', { builder: RUN_IMAGE, image: { spec: { defaultProcess: 'w' } } }, 'BUILD STACK PROCESS', 'REBASE STACK'],
    ['a failed build', { build: FAILED }, 'NONE', 'NONE'],
    ['a failed build and another builder image', { build: FAILED, builder: { status: { latestImage: 'x' } } }, 'BUILD RETRY', 'NONE'],
    ['a failed build and other tags', { build: FAILED, image: TAGS }, 'BUILD TAGS', 'NONE'],
    ['a failed build and another cache', { build: FAILED, image: { spec: { cache: { registry: { tag: 'r/c' } } } } }, 'BUILD CACHE', 'NONE'],
    ['another builder image', { builder: { status: { latestImage: 'x' } } }, 'NONE', 'NONE'],
  ])('decides with %s', (_title, patches, own, kpack) => {
    expect(outline(decide(patches))).toBe(own)
    expect(outline(decide(patches, { kpackCompatible: true }))).toBe(kpack)
  })

  it.each<[string, Patches, Partial<DecisionOptions>, string]>([
    ['an image in a registry that is wanted on the engine', {}, { to: 'engine' }, 'BUILD PLACE'],
    ['an image on the engine that is wanted in a registry', { build: ON_ENGINE }, {}, 'BUILD PLACE'],
    ['an image on the engine that is wanted there', { build: ON_ENGINE }, { to: 'engine' }, 'NONE'],
    ['an image that the engine no longer has', { build: ON_ENGINE }, { to: 'engine', isLost: true }, 'BUILD PLACE'],
    ['another run image of a lost image', { build: ON_ENGINE, builder: RUN_IMAGE }, { to: 'engine', isLost: true }, 'BUILD STACK PLACE'],
    ['a failed build without an image', { build: { status: { ...FAILED.status, latestImage: null } } }, { to: 'engine' }, 'NONE'],
  ])('builds %s, also with kpackCompatible', (_title, patches, options, expected) => {
    expect(outline(decide(patches, options))).toBe(expected)
    expect(outline(decide(patches, { ...options, kpackCompatible: true }))).toBe(expected)
  })

  it('retries a failed build when a fingerprint changed, and shows only what changed', () => {
    const build = { ...FAILED, metadata: { annotations: { 'cnb.dev/fingerprints': '{"registry":"r1","secrets":"s1"}' } } }
    expect(outline(decide({ build }, { fingerprints: { secrets: 's1', registry: 'r1' } }))).toBe('NONE')
    expect(decide({ build }, { fingerprints: { secrets: 's2', registry: 'r1', new: 'n' } })).toEqual({
      kind: 'BUILD',
      priority: 1,
      changes: [{ reason: 'RETRY', old: { secrets: 's1' }, new: { secrets: 's2' }, priority: 1 }],
    })
    expect(outline(decide({ build: { metadata: build.metadata } }, { fingerprints: { secrets: 's2' } }))).toBe('NONE')
  })

  it.each(['', '[', 'null', '3', '["x"]'])('ignores fingerprints that nothing can read: %j', (text) => {
    const build = { ...FAILED, metadata: { annotations: { 'cnb.dev/fingerprints': text } } }
    expect(outline(decide({ build }, { fingerprints: { secrets: 's2' } }))).toBe('NONE')
  })

  it('builds when a source that is not git has another revision', () => {
    const build = { metadata: { annotations: { 'cnb.dev/sourceRevision': 'e1', 'image.kpack.io/additionalBuildNeeded': '' } }, spec: { source: { git: null, local: { path: '/app' } } } }
    const resolver = { status: { source: { git: null, local: { path: '/app', subPath: 'web', digest: 'e2' } } } }
    const decision = decide({ build, resolver })
    expect(outline(decision)).toBe('BUILD TRIGGER COMMIT')
    expect(decision).toMatchObject({ changes: [{}, { old: 'e1', new: 'e2' }] })
    expect(outline(decide({ build, resolver }, { kpackCompatible: true }))).toBe('BUILD TRIGGER')
  })

  it('shows settings as the user wrote them', () => {
    expect(decide({ image: { spec: { ...TAGS.spec, defaultProcess: 'w', cache: { registry: { tag: 'r/c' } } } }, builder: { metadata: { name: 'b2' } } })).toMatchObject({
      priority: 1000,
      changes: [
        { reason: 'BUILDER', old: 'Builder/builder', new: 'Builder/b2' },
        { reason: 'PROCESS', old: '', new: 'w' },
        { reason: 'TAGS', old: { additionalTags: [], imageTaggingStrategy: 'BuildNumber' }, new: { additionalTags: TAGS.spec.additionalTags, imageTaggingStrategy: 'BuildNumber' } },
        { reason: 'CACHE', old: 'none', new: 'registry r/c' },
      ],
    })
  })

  it.each<[string, Patches, string]>([
    ['a running build', { build: { status: null } }, 'BuildRunning'],
    ['a builder that is not ready', { builder: { status: { conditions: [] } } }, 'BuilderNotReady'],
    ['a source that is not ready', { resolver: null }, 'ResolverNotReady'],
    ['a ready source without content', { resolver: { status: { source: null } } }, 'ResolverNotReady'],
    ['a reference that nothing can read', { build: { status: { stack: { runImage: 'A' } } } }, 'Invalid'],
  ])('cannot decide with %s', (_title, patches, cause) => {
    expect(decide(patches)).toMatchObject({ kind: 'UNKNOWN', cause })
  })
})

describe('newBuild', () => {
  it('records the source and the fingerprints for the next decision, but not for kpack', () => {
    const { image, builds, builder, resolver } = decisionInput({ name: '', resolver: { status: { source: { git: null, blob: { url: 'u', digest: 'e2' } } } } })
    if (!builder) throw new Error('no builder')
    const options = { now: NOW, fingerprints: { b: '2', a: '1' } }
    const { metadata } = newBuild(image, { changes: [] }, builds[0], resolver, builder, options)
    expect(metadata.annotations).toMatchObject({ 'cnb.dev/sourceRevision': 'e2', 'cnb.dev/fingerprints': '{"a":"1","b":"2"}' })
    const compatible = newBuild(image, { changes: [] }, builds[0], resolver, builder, { ...options, kpackCompatible: true })
    expect(Object.keys(compatible.metadata.annotations ?? {}).filter((name) => name.startsWith('cnb.dev/'))).toEqual([])
  })

  it('leads to no further build', () => {
    const { image, builds, builder, resolver } = decisionInput({ name: '', image: TAGS, builder: { metadata: { name: 'b2' } } })
    if (!builder) throw new Error('no builder')
    const options = { now: NOW, fingerprints: { secrets: 's' } }
    const build = newBuild(image, { changes: [] }, builds[0], resolver, builder, options)
    const done = { ...build, status: builds[0]?.status }
    expect(decideBuild(image, done, resolver, builder, options)).toEqual({ kind: 'NONE', pending: [] })
    const failed = { ...build, status: { conditions: [{ type: 'Succeeded' as const, status: 'False' as const }] } }
    expect(decideBuild(image, failed, resolver, builder, options)).toEqual({ kind: 'NONE', pending: [] })
  })
})
