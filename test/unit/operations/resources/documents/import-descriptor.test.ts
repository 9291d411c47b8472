import { describe, expect, it } from 'vitest'
import { readDescriptor, type Descriptor } from '../../../../../src/operations/resources/documents/import-descriptor.ts'

function read(text: string): Descriptor {
  return readDescriptor({ file: 'deps.yaml', text, directory: '/work' })
}

const STACK = { buildImage: { image: 'r/build' }, runImage: { image: 'r/run' } }
const ORDER = [{ group: [{ id: 'some/node' }] }]

describe("kp's descriptor", () => {
  it('is read in its current version, with the default ones twice', () => {
    expect(read(`
apiVersion: kp.kpack.io/v1
kind: DependencyDescriptor
defaultClusterLifecycle: lc
defaultClusterStack: base
defaultClusterBuilder: base
clusterLifecycles: [{name: lc, image: r/lc}]
clusterBuildpacks: [{name: java, image: r/java}]
clusterStores: [{name: store, sources: [{image: r/store}]}]
clusterStacks: [{name: base, buildImage: {image: r/build}, runImage: {image: r/run}}]
clusterBuilders: [{name: base, clusterStack: base, clusterStore: store, order: [{group: [{id: some/node}]}]}]
`)).toEqual({
      lifecycles: [{ name: 'lc', image: 'r/lc' }, { name: 'default-lifecycle', image: 'r/lc' }],
      buildpacks: [{ name: 'java', image: 'r/java' }],
      stores: [{ name: 'store', sources: [{ image: 'r/store' }] }],
      stacks: [{ name: 'base', ...STACK }, { name: 'default', ...STACK }],
      builders: [{ name: 'base', clusterStack: 'base', clusterStore: 'store', order: ORDER }, { name: 'default', clusterStack: 'base', clusterStore: 'store', order: ORDER }],
    })
  })

  it('is read in its older versions', () => {
    const old = read(`
apiVersion: kp.kpack.io/v1alpha1
kind: DependencyDescriptor
defaultStack: base
stores: [{name: store, sources: [{image: r/store}]}]
stacks: [{name: base, buildImage: {image: r/build}, runImage: {image: r/run}}]
clusterBuilders: [{name: base, stack: base, store: store, order: [{group: [{id: some/node}]}]}]
`)
    expect(old.stacks.map(({ name }) => name)).toEqual(['base', 'default'])
    expect(old.builders).toEqual([{ name: 'base', clusterStack: 'base', clusterStore: 'store', order: ORDER }])
    expect(read('{apiVersion: kp.kpack.io/v1alpha3, kind: DependencyDescriptor, lifecycle: {image: r/lc}}').lifecycles).toEqual([{ name: 'default-lifecycle', image: 'r/lc' }])
  })

  it('has the default one instead of another of that name', () => {
    const stacks = '[{name: default, buildImage: {image: x}, runImage: {image: x}}, {name: base, buildImage: {image: r/build}, runImage: {image: r/run}}]'
    expect(read(`{apiVersion: kp.kpack.io/v1, defaultClusterStack: base, clusterStacks: ${stacks}}`).stacks).toEqual([{ name: 'base', ...STACK }, { name: 'default', ...STACK }])
  })

  it.each([
    ['{apiVersion: kp.kpack.io/v9}', 'did not find expected apiVersion, must be one of: [kp.kpack.io/v1alpha1 kp.kpack.io/v1alpha3 kp.kpack.io/v1]'],
    ['[]', 'it is not one descriptor'],
    ['', 'it is not one descriptor'],
    ['{apiVersion: kp.kpack.io/v1, clusterLifecycles: [{image: r/lc}]}', 'cluster lifecycle name cannot be empty'],
    ...['clusterLifecycles: [{name: a, image: A B}]', 'clusterBuildpacks: [{name: a, image: A B}]', 'clusterStores: [{name: a, sources: [{image: A B}]}]', 'clusterStacks: [{name: a, buildImage: {image: r/b}, runImage: {image: A B}}]']
      .map((part): [string, string] => [`{apiVersion: kp.kpack.io/v1, ${part}}`, 'could not parse reference: A B']),
    ['{apiVersion: kp.kpack.io/v1, clusterStacks: [{name: a}]}', 'could not parse reference: '],
    ['{apiVersion: kp.kpack.io/v1, clusterBuildpacks: [{image: r/java}]}', 'cluster buildpack name cannot be empty'],
    ['{apiVersion: kp.kpack.io/v1, clusterStores: [{name: x}, {name: x}]}', "duplicate store name 'x'"],
    ['{apiVersion: kp.kpack.io/v1, defaultClusterStack: x}', "default cluster stack 'x' not found"],
    ['{apiVersion: kp.kpack.io/v1, defaultClusterBuilder: x}', "default cluster builder 'x' not found"],
    ['{apiVersion: kp.kpack.io/v1, clusterStore: []}', 'unknown field "clusterStore"'],
    ['{apiVersion: kp.kpack.io/v1, clusterStores: {}}', 'clusterStores must be a list, not a map'],
  ])('is refused: %s', (text, cause) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'CNB_RESOURCE_INVALID', message: expect.stringContaining(`cannot import deps.yaml: `) as string }))
    expect(() => read(text)).toThrow(cause)
  })
})
