import { describe, expect, it } from 'vitest'
import { EXISTING_IMAGE } from '../../../src/resources/kinds/builder.ts'
import { readResources, type ResourceSet } from '../../../src/resources/read-resources.ts'
import { writeYaml } from '../../../src/resources/write-resource.ts'

function read(...documents: object[]): ResourceSet {
  return readResources([{ file: 'old.yaml', text: documents.map((document) => JSON.stringify(document)).join('\n---\n'), directory: '/' }])
}

const legacy = (kind: string, spec: object, group = 'build.pivotal.io') => ({ apiVersion: `${group}/v1alpha1`, kind, metadata: { name: 'a' }, spec })

describe('a document of build.pivotal.io', () => {
  it('becomes an image, with one warning for the file', () => {
    const spec = { tag: 'me/app', serviceAccount: 'builder', cacheSize: '1Gi', builder: { kind: 'CustomBuilder', name: 'b' }, source: { git: { url: 'u', revision: 'r' } } }
    const set = read(legacy('Image', spec), { ...legacy('Image', spec), metadata: { name: 'b' } })
    expect(set.faults).toEqual([])
    expect(set.warnings).toEqual(["old.yaml: build.pivotal.io/v1alpha1 is from kpack's first years; it is read as kpack.io/v1alpha2"])
    expect(set.resources[0]?.resource).toMatchObject({
      apiVersion: 'kpack.io/v1alpha2',
      spec: { serviceAccountName: 'builder', cache: { volume: { size: '1Gi' } }, builder: { kind: 'Builder', name: 'b' } },
    })
  })

  it('may name its builder in builderRef', () => {
    const spec = { tag: 'me/app', builderRef: 'b', source: { git: { url: 'u', revision: 'r' } } }
    const set = read(legacy('Image', spec))
    expect([set.faults, set.resources[0]?.resource]).toMatchObject([[], { spec: { builder: { kind: 'Builder', name: 'b' } } }])
  })

  it("reports a reference that is absent in kpack's words", () => {
    const { faults } = read(legacy('Image', { tag: 'me/app', source: { git: { url: 'u', revision: 'r' } } }))
    expect(faults.map(({ message }) => message)).toEqual(['Image a: missing field(s): spec.builder.name'])
  })

  it.each([
    ['CustomBuilder', 'Builder', { tag: 'me/b', stack: { kind: 'Stack', name: 's' }, store: { kind: 'Store', name: 't' }, order: [{ group: [{ id: 'x' }] }] }],
    ['CustomClusterBuilder', 'ClusterBuilder', { tag: 'me/b', stack: { kind: 'Stack', name: 's' }, store: 't', serviceAccountRef: { name: 'a', namespace: 'b' } }],
    ['Stack', 'ClusterStack', { id: 's', buildImage: { image: 'me/build' }, runImage: { image: 'me/run' } }],
    ['Store', 'ClusterStore', { sources: [{ image: 'me/go' }] }],
  ])('becomes the kind that %s is today', (kind, today, spec) => {
    const set = read(legacy(kind, spec, 'experimental.kpack.pivotal.io'))
    expect(set.faults).toEqual([])
    expect(set.resources[0]?.resource).toMatchObject({ apiVersion: 'kpack.io/v1alpha2', kind: today })
  })

  it('warns of Secrets of a Builder that its present form does not have', () => {
    const secrets = { imagePullSecrets: [{ name: 's' }] }
    const { warnings } = read(legacy('Builder', { image: 'me/builder', ...secrets }), { ...legacy('Builder', { image: 'me/builder' }), metadata: { name: 'b' } })
    expect(warnings.slice(1)).toEqual(["old.yaml:1:113: Builder a: spec.imagePullSecrets has no effect: the image is read with the Secrets of the service account 'default', and with 'docker login'"])
  })

  it.each(['Builder', 'ClusterBuilder'])('becomes a %s of an existing image, which reads back equal', (kind) => {
    const [{ resource }] = read(legacy(kind, { image: 'me/builder' })).resources as [ResourceSet['resources'][0]]
    expect(resource).toMatchObject({ kind, metadata: { annotations: { [EXISTING_IMAGE]: 'me/builder' } } })
    const again = readResources([{ file: 'a.yaml', text: writeYaml(resource), directory: '/' }])
    expect([again.faults, again.resources.map((read) => read.resource)]).toEqual([[], [resource]])
  })
})
