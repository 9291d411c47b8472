import { describe, expect, it } from 'vitest'
import type { Digest } from '../../../src/oci/digest.ts'
import type { Build } from '../../../src/resources/kinds/build.ts'
import { provenance, type BuiltImage } from '../../../src/signing/provenance.ts'

const digest = (digit: string): Digest => `sha256:${digit.repeat(64)}`
const BUILD: Build = {
  apiVersion: 'kpack.io/v1alpha2', kind: 'Build', metadata: { name: 'shop-build-1', namespace: 'team', uid: 'u-1' },
  spec: { tags: ['example.com/shop'], builder: { image: `example.com/builder:x@${digest('b')}` }, source: { git: { url: 'https://me:s3cret@example.com/shop.git?key=s3cret', revision: 'c0ffee' } } },
}
const GIT = { type: 'git', metadata: { repository: 'https://me:s3cret@example.com/shop.git', revision: 'c0ffee' }, version: { commit: 'c0ffee' } }
const IMAGE: BuiltImage = { repository: 'example.com/shop', digest: digest('a'), source: GIT, runImage: `run@${digest('c')}`, lifecycleVersion: '0.21.0' }
const RUN = { startedOn: '2025-01-02T03:04:05Z', finishedOn: '2025-01-02T03:05:05Z', isSigned: true }

interface Statement {
  subject: unknown
  predicate: { buildDefinition: { externalParameters: Build['spec']; resolvedDependencies: object[] }; runDetails: { builder: { id: string }; metadata: unknown } }
}
const statement = (build: Build, image: BuiltImage, isSigned = true): Statement =>
  JSON.parse(provenance(build, image, { ...RUN, isSigned }).toString()) as Statement

describe('provenance', () => {
  it('names the image, the build and its inputs', () => {
    const { subject, predicate, ...types } = statement(BUILD, IMAGE)
    expect(types).toEqual({ _type: 'https://in-toto.io/Statement/v0.1', predicateType: 'https://slsa.dev/provenance/v1' })
    expect(subject).toEqual([{ name: 'example.com/shop', digest: { sha256: 'a'.repeat(64) } }])
    expect(predicate.buildDefinition.resolvedDependencies).toEqual([
      { name: 'source', uri: 'https://example.com/shop.git', digest: { sha1: 'c0ffee' } },
      { name: 'builder-image', uri: 'example.com/builder', digest: { sha256: 'b'.repeat(64) } },
      { name: 'run-image', uri: 'index.docker.io/library/run', digest: { sha256: 'c'.repeat(64) } },
    ])
    expect(predicate.runDetails.metadata).toEqual({ invocationId: 'team/shop-build-1/u-1', startedOn: RUN.startedOn, finishedOn: RUN.finishedOn })
  })

  it.each([[true, 'pkg:npm/cnb#signed-build'], [false, 'pkg:npm/cnb#unsigned-build']])('has a builder for signed: %s', (isSigned, id) => {
    expect(statement(BUILD, IMAGE, isSigned).predicate.runDetails.builder.id).toBe(id)
  })

  it.each([
    ['git', BUILD.spec.source],
    ['blob', { blob: { url: 'https://me:s3cret@example.com/app.zip?token=s3cret' } }],
  ])('has no credentials of an address: %s', (_title, source) => {
    const text = provenance({ ...BUILD, spec: { ...BUILD.spec, source } }, IMAGE, RUN).toString()
    expect(text).not.toContain('s3cret')
    expect(text).toContain('https://example.com/')
  })

  it.each([
    ['a blob', { type: 'blob', metadata: { url: 'https://u:s3cret@example.com/a.zip' }, version: { sha256sum: 'd'.repeat(64) } }, { uri: 'https://example.com/a.zip', digest: { sha256: 'd'.repeat(64) } }],
    ['an image', { type: 'image', metadata: { image: 'example.com/src' }, version: { digest: digest('e') } }, { uri: 'example.com/src', digest: { sha256: 'e'.repeat(64) } }],
    ['git with long commits', { ...GIT, version: { commit: 'f'.repeat(64) } }, { uri: 'https://example.com/shop.git', digest: { sha256: 'f'.repeat(64) } }],
  ])('states the source of %s', (_title, source, expected) => {
    expect(statement(BUILD, { ...IMAGE, source }).predicate.buildDefinition.resolvedDependencies[0]).toEqual({ name: 'source', ...expected })
  })

  it.each([[undefined], ['text'], [{ type: 'other' }], [{ type: 'git', metadata: [], version: { commit: 7 } }]])('states no source that is unknown: %j', (source) => {
    expect(statement(BUILD, { ...IMAGE, source }).predicate.buildDefinition.resolvedDependencies).toMatchObject([{ name: 'builder-image' }, { name: 'run-image' }])
  })
})
