import { describe, expect, it } from 'vitest'
import { isKind } from '../../../src/resources/kind-list.ts'
import { readResources, type ReadResource, type ResourceSet } from '../../../src/resources/read-resources.ts'
import type { ReadOptions } from '../../../src/resources/read-resource.ts'
import { resourceError, type ResourceFault } from '../../../src/resources/resource-fault.ts'

const IMAGE = `apiVersion: kpack.io/v1alpha2
kind: Image
metadata:
  name: app
spec:
  tag: registry.example/app
  builder: {kind: ClusterBuilder, name: default}
  source:
    git: {url: https://git.example/app, revision: main}
`
const STORE = `apiVersion: kpack.io/v1alpha2
kind: ClusterStore
metadata: {name: default}
spec: {sources: [{image: registry.example/go}]}
`

function read(text: string, options?: ReadOptions): ResourceSet {
  return readResources([{ file: 'app.yaml', text, directory: '/src/app' }], options)
}

function only({ resources }: ResourceSet): ReadResource {
  const [first] = resources
  if (!first || resources.length > 1) throw new Error(`${resources.length} resources`)
  return first
}

describe('reading resources', () => {
  it('keeps the written fields apart from the defaults', () => {
    const { resource, written, position } = only(read(`${IMAGE}  build: {resources: {limits: {memory: 1024Mi}}}\n`))
    expect(resource).toMatchObject({ metadata: { namespace: 'default' }, spec: { cache: { volume: { size: '2G' } }, build: { resources: { limits: { memory: '1Gi' } } } } })
    expect(written).toEqual({
      apiVersion: 'kpack.io/v1alpha2',
      kind: 'Image',
      metadata: { name: 'app', namespace: 'default' },
      spec: {
        tag: 'registry.example/app',
        builder: { kind: 'ClusterBuilder', name: 'default' },
        source: { git: { url: 'https://git.example/app', revision: 'main' } },
        build: { resources: { limits: { memory: '1024Mi' } } },
      },
    })
    expect(position).toEqual({ file: 'app.yaml', line: 1, column: 1 })
  })

  it('puts resources without a namespace into the given one', () => {
    const set = read(`${IMAGE}---\n${STORE}`, { namespace: 'dev' })
    expect(set.resources.map(({ resource }) => resource.metadata)).toEqual([{ name: 'app', namespace: 'dev' }, { name: 'default' }])
  })

  it('collects the faults of all documents with their positions', () => {
    const set = read(`${IMAGE}  syncPeriod: 30m\n  failedBuildHistoryLimit: "3"\n---\n${STORE.replace('registry.example/go', 'A b')}---\n${IMAGE.replace('registry.example', 'A b')}  zzzz: 1\n`)
    expect(set.faults).toEqual([
      { message: 'Image app: unknown field "syncPeriod": spec.syncPeriod', position: { file: 'app.yaml', line: 10, column: 3 }, hint: expect.stringContaining('each minute') },
      { message: 'Image app: spec.failedBuildHistoryLimit must be an integer, not a string', position: { file: 'app.yaml', line: 11, column: 3 } },
      { message: 'ClusterStore default: invalid value: {A b}: spec.sources[0]', position: { file: 'app.yaml', line: 16, column: 18 } },
      { message: 'Image app: unknown field "zzzz": spec.zzzz', position: { file: 'app.yaml', line: 27, column: 3 } },
      { message: 'Image app: invalid value: A b/app: spec.tag', position: { file: 'app.yaml', line: 23, column: 3 } },
    ])
  })

  it.each([
    ['taag: x', 'Did you mean "tag"?'],
    ['nodeSelector: {}', 'Did you mean "spec.build.nodeSelector"?'],
    ['serviceAccount: x', 'Write it as "serviceAccountName"; kpack.io/v1alpha1 has "serviceAccount".'],
    ['cache: {volume: {request: 1G}}', 'Did you mean "size"?'],
    ['toString: x', undefined],
  ])('has a hint for the unknown field in %s', (line, hint) => {
    expect(read(`${IMAGE}  ${line}\n`).faults.map((fault) => fault.hint)).toEqual([hint])
  })

  it('finds the field of a ClusterBuilder, though its paths in kpack lack the first part', () => {
    const text = 'apiVersion: kpack.io/v1alpha2\nkind: ClusterBuilder\nmetadata: {name: b}\nspec:\n  tag: A b\n  stack: {kind: ClusterStack, name: s}\n  serviceAccountRef: {name: a, namespace: b}\n'
    expect(read(text).faults).toEqual([{ message: 'ClusterBuilder b: invalid value: A b: tag', position: { file: 'app.yaml', line: 5, column: 3 } }])
  })

  it('accepts unknown fields with a warning if lenient', () => {
    const set = read(`${IMAGE}  syncPeriod: 30m\n`, { isLenient: true })
    expect([set.faults, set.warnings]).toEqual([[], ['app.yaml:10:3: Image app: unknown field "syncPeriod": spec.syncPeriod']])
    expect(JSON.stringify(set.resources)).not.toContain('syncPeriod')
  })

  it('accepts other capitals, as Go does, with a warning', () => {
    const set = read(IMAGE.replace('  tag:', '  Tag:'))
    expect([set.faults, set.warnings]).toEqual([[], ['app.yaml:6:3: Image app: write the field "Tag" as "tag": spec.Tag']])
  })

  it('expands lists', () => {
    const items = [IMAGE, STORE].map((text) => `- ${text.trim().replaceAll('\n', '\n  ')}`).join('\n')
    expect(read(`apiVersion: v1\nkind: List\nitems:\n${items}\n`).resources.map(({ resource }) => resource.kind)).toEqual(['Image', 'ClusterStore'])
    const typed = read('apiVersion: kpack.io/v1alpha2\nkind: ClusterStoreList\nmetadata: {}\nitems:\n- metadata: {name: a}\n  spec: {sources: [{image: "A b"}]}\n')
    expect(typed.faults).toEqual([{ message: 'ClusterStore a: invalid value: {A b}: spec.sources[0]', position: { file: 'app.yaml', line: 6, column: 20 } }])
  })

  it('warns of each document of another kind', () => {
    const set = read('apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: dev}\n')
    expect(set).toEqual({
      resources: [],
      faults: [],
      warnings: [
        'app.yaml:1:1: Deployment web: it is not applied: cnb has no use for Deployment of apps/v1',
        'app.yaml:5:1: Namespace dev: it is not applied: cnb has no use for Namespace of v1',
      ],
    })
  })

  it.each([
    ['an unknown kind of kpack', 'apiVersion: kpack.io/v1alpha2\nkind: Imgae', 'Imgae: kpack has no kind "Imgae"', 'Did you mean "Image"?'],
    ['an unknown version', 'apiVersion: kpack.io/v1\nkind: Image', 'Image: the kind has no version "v1"', 'Write "kpack.io/v1alpha2".'],
    ['a version that the kind never had', 'apiVersion: kpack.io/v1alpha1\nkind: ClusterLifecycle', 'ClusterLifecycle: the kind has no version "v1alpha1"', 'Write "kpack.io/v1alpha2".'],
    ['a document without kind', 'apiVersion: kpack.io/v1alpha2', 'the fields apiVersion and kind are required', undefined],
    ['a document that is a list', '- a', 'a document is not a mapping', undefined],
    ['malformed YAML', 'a: b: c', 'nested mappings are not allowed in compact mappings', undefined],
    ['a resource without name', STORE.replace('name: default', ''), 'ClusterStore: missing field(s): metadata.name', undefined],
    ['a name that leaves a directory', STORE.replace('name: default', 'name: ../x'), 'ClusterStore ../x: invalid value: ../x: metadata.name\nuse lower-case letters, digits, \'-\' and \'.\', and begin and end with a letter or digit', undefined],
    ['a namespace with a dot', IMAGE.replace('name: app', 'name: app\n  namespace: a.b'), "Image app: invalid value: a.b: metadata.namespace\nuse lower-case letters, digits and '-', and begin and end with a letter or digit", undefined],
    ['a misspelt field of metadata', STORE.replace('name: default', 'name: default, lables: {}'), 'ClusterStore default: unknown field "lables": metadata.lables', 'Did you mean "labels"?'],
  ])('rejects %s', (_title, text, message, hint) => {
    const { faults } = read(text)
    expect(faults.map((fault) => [fault.message, fault.hint])).toEqual([[message, hint]])
  })

  it('reads the files next to a malformed file', () => {
    const set = readResources([{ file: 'a.yaml', text: '"', directory: '/' }, { file: 'b.yaml', text: IMAGE, directory: '/' }])
    expect([set.faults.length, set.resources.length]).toEqual([1, 1])
  })

  it('skips empty documents and comments', () => {
    expect(read('---\n# only a comment\n---\n...\n')).toEqual({ resources: [], warnings: [], faults: [] })
  })

  it('warns of a resource that is defined twice, and keeps the last', () => {
    const set = read(`${IMAGE}---\n${IMAGE.replace('main', 'next')}`)
    expect(set.warnings).toEqual(['app.yaml:11:1: Image app: it is defined twice; the last definition counts'])
    expect(set.resources.map(({ resource }) => isKind(resource, 'Image') && resource.spec.source.git?.revision)).toEqual(['next'])
  })

  it('names fields without effect once', () => {
    const image = `${IMAGE}  build: {schedulerName: mine, nodeSelector: {disk: ssd}}\n`
    const set = read(`${image}---\n${image.replace('name: app', 'name: other')}`)
    expect(set.warnings).toEqual(['these fields have no effect on one machine, and stay for a cluster: nodeSelector (app.yaml:10:32), schedulerName (app.yaml:10:11)'])
    expect(set.resources[0]?.resource).toMatchObject({ spec: { build: { nodeSelector: { disk: 'ssd' } } } })
  })

  it('leaves out the namespace of a kind without namespaces', () => {
    const set = read(STORE.replace('name: default', 'name: default, namespace: dev'))
    expect(set.warnings).toEqual(['app.yaml:3:27: ClusterStore default: the kind has no namespace; it is left out'])
    expect(set.resources[0]?.resource.metadata).toEqual({ name: 'default' })
  })
})

describe('a local source', () => {
  const local = (source: string) => read(IMAGE.replace(/git: .*/, source))

  it('is relative to its file', () => {
    const { resource, written } = only(local('local: {path: web}'))
    expect(resource).toMatchObject({ spec: { source: { local: { path: '/src/app/web' } } } })
    expect(written).toMatchObject({ spec: { source: { local: { path: '/src/app/web' } } } })
  })

  it.each([
    ['local: {}', 'missing field(s): spec.source.local.path'],
    ['local: {path: a}\n    git: {url: b, revision: c}', 'expected exactly one, got both: spec.source.git, spec.source.local'],
    ['subPath: a', 'expected exactly one, got neither: spec.source.blob, spec.source.git, spec.source.registry'],
  ])('is one of the sources: %s', (source, message) => {
    expect(local(source).faults.map((fault) => fault.message)).toEqual([`Image app: ${message}`])
  })
})

describe('a secret', () => {
  const secret = (lines: string) => read(`apiVersion: v1\nkind: Secret\nmetadata: {name: git}\n${lines}`)

  it('has stringData in data', () => {
    const { resource } = only(secret('stringData: {a: new}\ndata: {a: b2xk, b: b2xk}'))
    expect(resource).toEqual({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'git', namespace: 'default' }, type: 'Opaque', data: { a: 'bmV3', b: 'b2xk' } })
  })

  it('has at most 1 MiB, as a ConfigMap', () => {
    const key = (bytes: number): string => `a: ${Buffer.alloc(bytes, 'x').toString('base64')}`
    const limit = 1024 * 1024
    const why = ': Too long: may not be more than 1048576 bytes: data'
    expect([limit, limit + 1].map((size) => secret(`data: {${key(size)}}`).faults.map(({ message }) => message))).toEqual([[], [`Secret git${why}`]])
    const map = (size: number): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: git}\ndata: {b: ${'y'.repeat(size)}}\nbinaryData: {${key(limit / 2)}}\n`
    expect([limit / 2, limit / 2 + 1].map((size) => read(map(size)).faults.map(({ message }) => message))).toEqual([[], [`ConfigMap git${why}`]])
  })

  it('does not show its values in faults', () => {
    const [fault] = secret('data: {token: "hunter2!"}').faults as [ResourceFault]
    expect(fault.message).toBe('Secret git: illegal base64 data: data.token')
    expect(resourceError([fault])).toMatchObject({ code: 'CNB_RESOURCE_INVALID', source: undefined })
  })

  it('has the current names of annotations, and not the record of kubectl', () => {
    const set = read('apiVersion: v1\nkind: Secret\nmetadata: {name: git, annotations: {build.pivotal.io/git: https://git.example, kubectl.kubernetes.io/last-applied-configuration: secret}}\n')
    expect(set.resources[0]?.resource.metadata.annotations).toEqual({ 'kpack.io/git': 'https://git.example' })
    expect(set.warnings).toEqual(['app.yaml:3:23: Secret git: annotations of build.pivotal.io are read as those of kpack.io'])
  })
})

describe('the error for faults', () => {
  const fault = (line: number): ResourceFault => ({ message: `Image app: fault ${line}`, position: { file: 'app.yaml', line, column: 1 }, hint: 'Do it.' })

  it('has the position and hint of one fault', () => {
    expect(resourceError([fault(1)])).toMatchObject({ message: 'cannot use app.yaml: Image app: fault 1', position: { line: 1 }, hint: 'Do it.' })
  })

  it('lists several faults, and not more than people read', () => {
    expect(resourceError([fault(1), fault(2)]).message).toBe('cannot use the resources: 2 faults\napp.yaml:1:1: Image app: fault 1 (Do it.)\napp.yaml:2:1: Image app: fault 2 (Do it.)')
    const many = Array.from({ length: 60 }, (_, index) => fault(index)) as [ResourceFault]
    expect(resourceError(many).message.split('\n').at(-1)).toBe('and 10 more')
  })
})
