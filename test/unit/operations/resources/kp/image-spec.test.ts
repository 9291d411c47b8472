import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkLocalPath, imageSpec, type ImageSpecOptions } from '../../../../../src/operations/resources/kp/image-spec.ts'
import type { Image } from '../../../../../src/resources/kinds/image.ts'

function stored(spec: Partial<Image['spec']> = {}): Image {
  const git = { url: 'https://example.com/a.git', revision: 'v1' }
  return { apiVersion: 'kpack.io/v1alpha2', kind: 'Image', metadata: { name: 'shop' }, spec: { tag: 'r/shop', builder: { kind: 'ClusterBuilder', name: 'base' }, source: { git }, ...spec } }
}

function patched(options: ImageSpecOptions, spec: Partial<Image['spec']> = {}): Image['spec'] {
  return imageSpec(stored(spec), options, '/work')
}

describe('the spec of an Image from options', () => {
  it('has the defaults of kp', () => {
    expect(imageSpec(undefined, { tag: 'r/shop', git: 'https://example.com/a.git' }, '/work')).toEqual({
      tag: 'r/shop', builder: { kind: 'ClusterBuilder', name: 'default' }, serviceAccountName: 'default', source: { git: { url: 'https://example.com/a.git', revision: 'main' } },
    })
  })

  it('has all options', () => {
    const options = {
      tag: 'r/shop', additionalTags: ['r/shop:2'], localPath: 'app', subPath: 'web', builder: 'mine', env: ['A=1=2', 'B='], serviceBindings: ['db', 'Service:v1:other'], cacheSize: '3G',
      successBuildHistoryLimit: 3, failedBuildHistoryLimit: 2, serviceAccount: 'builds',
    }
    expect(imageSpec(undefined, options, '/work', 'dev')).toEqual({
      tag: 'r/shop', additionalTags: ['r/shop:2'], builder: { kind: 'Builder', namespace: 'dev', name: 'mine' }, serviceAccountName: 'builds', source: { local: { path: '/work/app' }, subPath: 'web' },
      cache: { volume: { size: '3G' } }, successBuildHistoryLimit: 3, failedBuildHistoryLimit: 2,
      build: { env: [{ name: 'A', value: '1=2' }, { name: 'B', value: '' }], services: [{ kind: 'Secret', name: 'db' }, { kind: 'Service', apiVersion: 'v1', name: 'other' }] },
    })
  })

  it('keeps fields that the options do not name', () => {
    const spec = { cache: {}, build: { buildTimeout: 5, env: [{ name: 'A', value: '1' }] }, projectDescriptorPath: 'p.toml' }
    expect(patched({}, spec)).toEqual(stored(spec).spec)
    expect(patched({ gitRevision: 'v2' }).source).toEqual({ git: { url: 'https://example.com/a.git', revision: 'v2' } })
    expect(patched({ blob: 'https://example.com/a.tgz' }, { source: { git: { url: 'u', revision: 'r' }, subPath: 'web' } }).source).toEqual({ blob: { url: 'https://example.com/a.tgz' }, subPath: 'web' })
  })

  it('changes single variables, tags and services', () => {
    const spec = {
      additionalTags: ['r/a', 'r/b'],
      build: { env: [{ name: 'A', value: '1' }, { name: 'B', value: '2' }], services: [{ kind: 'Secret', name: 'db' }] },
    }
    const changed = patched({ env: ['B=3', 'C=4'], deleteEnv: ['A'], additionalTags: ['r/c', 'r/b'], deleteAdditionalTags: ['r/a'], deleteServiceBindings: ['db'] }, spec)
    expect(changed.build).toEqual({ env: [{ name: 'B', value: '3' }, { name: 'C', value: '4' }] })
    expect(changed.additionalTags).toEqual(['r/b', 'r/c'])
    expect(patched({ replaceAdditionalTags: ['r/z'] }, spec).additionalTags).toEqual(['r/z'])
  })

  it('needs a directory for a local path', async () => {
    await checkLocalPath('kp', dirname(import.meta.dirname))
    for (const path of ['nowhere', 'image-spec.test.ts']) await expect(checkLocalPath(path, import.meta.dirname)).rejects.toMatchObject({ code: 'CNB_USAGE', message: `cannot use --local-path '${path}': it is not a directory` })
  })

  it.each<[string, ImageSpecOptions, string, boolean?]>([
    ['no tag', { git: 'u' }, '--tag is required to create the resource', true],
    ['no source', { tag: 'r/a' }, 'image source must be one of git, blob, or local-path', true],
    ['two sources', { git: 'u', blob: 'b' }, 'image source must be one of git, blob, or local-path'],
    ['two builders', { builder: 'a', clusterBuilder: 'b' }, 'must provide one of builder or cluster-builder'],
    ['a revision of an archive', { blob: 'b', gitRevision: 'v1' }, 'git-revision is incompatible with blob and local path image sources'],
    ['a malformed amount', { cacheSize: '2X' }, 'invalid cache size, must be valid quantity ex. 2G'],
    ['an amount of nothing', { cacheSize: '0' }, 'cache size must be greater than 0'],
    ['a limit of zero', { failedBuildHistoryLimit: 0 }, 'must provide a valid build history limit > 0'],
    ['a malformed variable', { env: ['A'] }, 'env vars are improperly formatted'],
    ['a variable without name', { env: ['=1'] }, 'env vars are improperly formatted'],
    ['a malformed service', { serviceBindings: ['a:b'] }, 'service bindings are improperly formatted'],
    ['an absent variable', { deleteEnv: ['A'] }, "delete-env parameter 'A' not found in existing image configuration"],
    ['an absent tag', { deleteAdditionalTags: ['r/x'] }, "delete-additional-tag parameter 'r/x' not found in existing image additional tags"],
    ['tags that are both replaced and added', { replaceAdditionalTags: ['r/x'], additionalTags: ['r/y'] }, 'replace-additional-tag is not compatible with additional-tag and delete-additional-tag flag'],
  ])('refuses %s with the message of kp', (_, options, message, isNew = false) => {
    expect(() => imageSpec(isNew ? undefined : stored(), options, '/work')).toThrow(expect.objectContaining({ code: 'CNB_USAGE', message }))
  })

  it('refuses a revision without a git source', () => {
    expect(() => patched({ gitRevision: 'v1' }, { source: { blob: { url: 'b' } } })).toThrow('git-revision is incompatible with existing image source')
  })
})
