/** Builders for several platforms, of stacks, lifecycles and packages that are indexes. */

import { beforeEach, describe, expect, test } from 'vitest'
import { digestOf } from '../../../../../src/oci/digest.ts'
import { parseReference } from '../../../../../src/oci/reference.ts'
import { BASES, openResourceBench, yamlOf, type ResourceBench } from '../resource-bench.ts'

const INDEX = 'application/vnd.oci.image.index.v1+json'
const BOTH = ['amd64', 'arm64']
const STACK = { 'io.buildpacks.stack.id': 'test.stack' }
const LABELS: Readonly<Record<string, Record<string, unknown>>> = {
  'base/build': STACK,
  'base/run': STACK,
  lifecycle: { 'io.buildpacks.builder.metadata': { lifecycle: { version: '9' } }, 'io.buildpacks.lifecycle.apis': { buildpack: { supported: ['0.11'] }, platform: { supported: ['0.8', '0.15'] } } },
}

let bench: ResourceBench
beforeEach(async () => {
  bench = await openResourceBench()
  for (const path of ['base/build', 'base/run', 'lifecycle', 'java']) putIndex(path)
})

/** Replaces an image by an index; the layer of each platform has its own content. */
function putIndex(path: string, architectures = BOTH, content = path.split('/').at(-1)!): void {
  const { manifests, tags } = bench.registry.repository(path)
  const entries = architectures.map((architecture) => {
    // The first has the names that the fake builds use.
    const layer = architecture === 'amd64' ? content : `${content}-${architecture}`
    const labels = LABELS[path] ?? { 'io.buildpacks.buildpack.layers': { 'test/java': { 1: { api: '0.11', layerDiffID: `$DIFF(${layer})` } } } }
    const env = path === 'base/build' ? { env: ['CNB_USER_ID=1001', 'CNB_GROUP_ID=1000'] } : {}
    const digest = bench.put({ name: `registry.example/${path}:${architecture}`, platform: `linux/${architecture}`, layers: [`${layer}:400`], labels, ...env })
    const stored = manifests.get(digest)!
    return { mediaType: stored.mediaType, size: stored.content.length, digest, platform: { os: 'linux', architecture } }
  })
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: entries }))
  manifests.set(digestOf(index), { mediaType: INDEX, content: index })
  tags.set('latest', digestOf(index))
}

interface Entry {
  readonly digest: string
  readonly platform: { readonly os: string; readonly architecture: string }
}

interface Document {
  readonly manifests?: readonly Entry[]
  readonly layers?: readonly { readonly digest: string }[]
}

const documentOf = (name: string): Document => {
  const { repository, digest = '' } = parseReference(name)
  return JSON.parse(bench.registry.repository(repository).manifests.get(digest)!.content.toString()) as Document
}
const platformsOf = (name: string): string[] | undefined => documentOf(name).manifests?.map(({ platform: { os, architecture } }) => `${os}/${architecture}`)
/** The lowest layers of the Image and of the run image for its platform. */
const bases = async (): Promise<(string | undefined)[]> =>
  [(await bench.imageOf('shop')).status!.latestImage!, `registry.example/base/run@${bench.registry.repository('base/run').tags.get('amd64')}`].map((name) => documentOf(name).layers?.[0]?.digest)
const builder = async () => (await bench.resources()).find('Builder', { name: 'base', namespace: 'default' })!.status!
const reasons = async (): Promise<(string | undefined)[]> => (await bench.buildsOf('shop')).map(({ metadata }) => metadata.annotations?.['image.kpack.io/reason'])
const writes = (): string[] => bench.registry.takeRequests().filter((line) => !/^(GET|HEAD) /.test(line))

describe('a builder of indexes', () => {
  test('is an index of the platforms that all of them have, as is the copy of its run image', async () => {
    expect((await bench.apply(BASES)).failures).toEqual([])
    const { latestImage = '', stack } = await builder()
    expect([platformsOf(latestImage), platformsOf(stack!.runImage!)]).toEqual([['linux/amd64', 'linux/arm64'], ['linux/amd64', 'linux/arm64']])
    expect(bench.warnings).toEqual([])
  })
  test('has a digest that does not depend on the platform of the machine', async () => {
    await bench.apply(BASES)
    const { latestImage } = await builder()
    const arm = { ...bench.services, remote: { ...bench.services.remote, platform: { os: 'linux', architecture: 'arm64' } } }
    Object.assign(bench.services, arm)
    bench.registry.takeRequests()
    await bench.apply(BASES)
    expect([(await builder()).latestImage, writes()]).toEqual([latestImage, []])
  })
  test('costs one request for each name if nothing changed', async () => {
    await bench.apply(BASES)
    bench.registry.takeRequests()
    await bench.apply(BASES)
    expect(bench.registry.takeRequests().filter((line) => !line.endsWith('/v2/')).sort()).toEqual([
      'HEAD /v2/base/build/manifests/latest', 'HEAD /v2/base/run/manifests/latest', 'HEAD /v2/builder/manifests/builder-default-base', 'HEAD /v2/builder/manifests/builder-default-base-run-image',
      'HEAD /v2/java/manifests/latest', 'HEAD /v2/lifecycle/manifests/latest',
    ])
  })
  test('is planned with the digest that is published', async () => {
    const { resources } = await bench.plan(BASES)
    await bench.apply(BASES)
    expect(resources.at(-1)).toMatchObject({ action: 'publish', reason: (await builder()).latestImage })
    expect(await bench.plan(BASES)).toMatchObject({ changes: false })
  })
  test.each([
    ['a package', 'java', 'registry.example/java'],
    ['the lifecycle', 'lifecycle', 'registry.example/lifecycle'],
    ['the run image', 'base/run', 'registry.example/base/run'],
    ['the build image', 'base/build', 'registry.example/base/build'],
  ])('leaves out a platform that %s lacks, with a warning', async (_what, path, name) => {
    putIndex(path, ['amd64'])
    expect((await bench.apply(BASES)).failures).toEqual([])
    expect(platformsOf((await builder()).latestImage!)).toBeUndefined()
    expect(bench.warnings).toEqual([`Builder default/base is not made for linux/arm64: ${name} has no image for it`])
  })
  test('has one platform if it must be that of kpack', async () => {
    expect((await bench.apply(BASES, { kpackCompatible: true })).failures).toEqual([])
    expect(platformsOf((await builder()).latestImage!)).toBeUndefined()
    expect(bench.warnings).toEqual([])
  })
})

describe('a push that the registry refuses', () => {
  test.each(['builder-default-base-run-image', 'builder-default-base'])('moves no further tag, and the next application completes it (%s)', async (tag) => {
    bench.registry.intercept = async ({ method, url = '' }, response) => {
      if (method !== 'PUT' || !url.endsWith(`/builder/manifests/${tag}`)) return false
      response.writeHead(403, { 'content-type': 'application/json' }).end('{"errors":[{"code":"DENIED","message":"the tag is immutable"}]}')
      return true
    }
    const [failure] = (await bench.apply(BASES)).failures
    expect(failure).toMatchObject({ code: 'CNB_REGISTRY_DENIED', message: expect.stringMatching(/^cannot create Builder default\/base: .*the tag is immutable/) as string })
    expect(bench.registry.repository('builder').tags.has('builder-default-base')).toBe(false)
    bench.registry.intercept = undefined
    expect((await bench.apply(BASES)).failures).toEqual([])
    expect(bench.registry.repository('builder').tags.get('builder-default-base')).toBe((await builder()).latestImage!.split('@')[1])
  })
})

describe('an Image with a builder of several platforms', () => {
  test('is built once, and rebased when the run image of its platform changes', async () => {
    const yaml = yamlOf(BASES, bench.image('shop'))
    expect((await bench.apply(yaml)).failures).toEqual([])
    await bench.apply(yaml)
    expect(await reasons()).toEqual(['CONFIG'])
    expect(bench.builds[0]).toMatchObject({ builder: (await builder()).latestImage, runImage: (await builder()).stack!.runImage })
    putIndex('base/run', BOTH, 'patched')
    expect((await bench.apply(yaml)).failures).toEqual([])
    await bench.apply(yaml)
    expect(await reasons()).toEqual(['CONFIG', 'STACK'])
    const [shop, run] = await bases()
    expect(shop).toBe(run)
  })
  test('is rebased on the run image of the platform for which it was built', async () => {
    const yaml = yamlOf(BASES, bench.image('shop'))
    await bench.apply(yaml)
    Object.assign(bench.services, { remote: { ...bench.services.remote, platform: { os: 'linux', architecture: 'arm64' } } })
    putIndex('base/run', BOTH, 'patched')
    expect((await bench.apply(yaml)).failures).toEqual([])
    await bench.apply(yaml)
    expect(await reasons()).toEqual(['CONFIG', 'STACK'])
    const [shop, run] = await bases()
    expect(shop).toBe(run)
  })
})
