import { describe, expect, test } from 'vitest'
import type { ImagePlan, ImageSink, SavedImage } from '../../../../src/images/image.ts'
import { LayerBlobs } from '../../../../src/images/layers/layer-blobs.ts'
import { openSinks } from '../../../../src/images/sinks/open-sinks.ts'
import type { Sink, SinkKind } from '../../../../src/images/sinks/sink.ts'
import { SINKS } from '../../../../src/images/sinks/sinks.ts'
import { CnbError } from '../../../../src/base/errors.ts'
import type { EngineImageStore } from '../../../../src/images/engine/engine-source.ts'
import { familiarName } from '../../../../src/oci/reference.ts'
import { parseSinks, sinkForms, type SinkChoice } from '../../../../src/operations/build/build-sinks.ts'
import { checkPublishing, openBuildStore, type Publishing } from '../../../../src/operations/build/build-store.ts'
import { find, layerOf, makeDirectory, planOf } from '../../../support/images/layout-images.ts'
import { aBuilder } from '../../../support/plans.ts'
import { openClient } from '../../../support/registry/registry-client.ts'
import { startMemoryRegistry } from '../../../support/fakes/memory-registry.ts'

const places = async (choice: SinkChoice): Promise<string[]> => (await parseSinks(choice, '/work')).map(({ place }) => place)

describe('parseSinks', () => {
  test.each<[SinkChoice, string[]]>([
    [{}, ['engine']],
    [{ to: ['engine'] }, ['engine']],
    [{ publish: true }, ['registry']],
    [{ to: ['registry'], publish: true }, ['registry']],
    [{ to: ['oci:b:2', 'registry', 'oci:/a', 'engine', 'registry'] }, ['engine', 'registry', 'oci:/work/b:2', 'oci:/a']],
    [{ to: ['oci:a', 'oci:./a', 'oci:/work/b/../a/', 'oci:a:1'] }, ['oci:/work/a', 'oci:/work/a:1']],
  ])('reads %j as %j', async (choice, expected) => {
    expect(await places(choice)).toEqual(expected)
  })

  test.each<[SinkChoice, string, string]>([
    [{ to: ['nowhere'] }, 'CNB_USAGE', "'nowhere'"],
    [{ to: ['engine', 'Registry'] }, 'CNB_USAGE', "'Registry'"],
    [{ to: ['oci:'] }, 'CNB_REFERENCE_INVALID', 'directory'],
    [{ sparse: true }, 'CNB_USAGE', '--sparse'],
    [{ to: ['nowhere'], sparse: true }, 'CNB_USAGE', "unknown --to target 'nowhere'"],
    [{ to: ['engine', 'registry'], sparse: true }, 'CNB_USAGE', '--sparse'],
  ])('refuses %j with %s', async (choice, code, words) => {
    await expect(places(choice)).rejects.toMatchObject({ code, message: expect.stringContaining(words) as string })
  })

  test('lists the forms of all kinds in the hint of an error', async () => {
    await expect(places({ to: ['x'] })).rejects.toMatchObject({ hint: expect.stringContaining(sinkForms().map((form) => `'${form}'`).join(', ')) as string })
  })
})

/** The sink of `--to toy:NAME`, which records images in memory. */
class ToySink {
  readonly saved: string[] = []

  readonly kind: SinkKind = { form: 'toy:NAME', load: async () => (text) => this.#sink(text.slice('toy:'.length)) }

  #sink(name: string): Sink {
    return {
      place: `toy:${name}`,
      store: 'files',
      takesBlobs: false,
      describe: (tags) => `among the toys as ${tags}`,
      open: () => ({
        save: async ({ tags }) => {
          this.saved.push(...tags.map((tag) => `${name}: ${familiarName(tag)}`))
          return { id: name, repoDigests: [], tags: [name] }
        },
      }),
      loadCommands: () => [['toy', 'play', name]],
    }
  }
}

describe('an additional sink', () => {
  test('receives the image of --to, alone or together with other kinds', async () => {
    const toy = new ToySink()
    await using client = openClient()
    await using blobs = new LayerBlobs()
    const directory = await makeDirectory()
    const engine: Pick<ImageSink, 'save'> = { save: async ({ tags }) => ({ id: 'an ID', repoDigests: [], tags: tags.map(familiarName) }) }
    const save = async (...to: string[]): Promise<SavedImage> => {
      const sinks = await parseSinks({ to }, '/work', [...SINKS, toy.kind])
      const publishing: Publishing = { registries: client.registries, sinks, blobs }
      const plan = planOf([layerOf('base'), layerOf('app')])
      return openBuildStore(engine as EngineImageStore, publishing, { builder: aBuilder(), image: plan.tags[0]! }).save(plan)
    }
    expect(await save('toy:train')).toEqual({ id: 'train', repoDigests: [], tags: ['train'] })
    expect(await save('toy:car', `oci:${directory}`)).toMatchObject({ id: expect.stringMatching(`^oci:${directory}@sha256:`) as string, tags: [`oci:${directory}:latest`] })
    expect(await find(`oci:${directory}:latest`)).toBeDefined()
    expect(await save('engine', 'toy:ball')).toEqual({ id: 'an ID', repoDigests: [], tags: ['app:latest'] })
    expect(toy.saved).toEqual(['train: app:latest', 'car: app:latest', 'ball: app:latest'])
  })
})

describe('an image for several sinks', () => {
  const sinkOf = (store: Sink['store'], save: (plan: ImagePlan) => void = () => {}): { sink: Sink; images: ImageSink } => ({
    sink: { place: store, store, takesBlobs: store !== 'engine', describe: (tags) => `${store} ${tags}`, open: () => { throw new Error('it is open') } },
    images: {
      save: async (plan) => {
        save(plan)
        return { id: store, repoDigests: [], tags: [`in ${store}`] }
      },
    },
  })
  const nothing = { find: async () => undefined }

  test('is saved to files, the engine and registries, in this order', async () => {
    const order: string[] = []
    const sinks = (['registry', 'files', 'engine', 'files'] as const).map((store) => sinkOf(store, () => order.push(store)))
    await using blobs = new LayerBlobs()
    expect(await openSinks(sinks, blobs, nothing).save(planOf([layerOf('base')]))).toMatchObject({ id: 'registry' })
    expect(order).toEqual(['files', 'files', 'engine', 'registry'])
  })

  test('remains in sinks before a failure, and the error lists them', async () => {
    const refusal = new CnbError('CNB_REGISTRY_DENIED', 'it is not yours')
    const sinks = [sinkOf('engine'), sinkOf('registry', () => { throw refusal }), sinkOf('files')]
    await using blobs = new LayerBlobs()
    await expect(openSinks(sinks, blobs, nothing).save(planOf([layerOf('base')]))).rejects.toMatchObject({
      code: 'CNB_REGISTRY_DENIED',
      message: 'it is not yours; the image is files in files and engine in engine',
    })
    await expect(openSinks(sinks.slice(1), blobs, nothing).save(planOf([layerOf('base')]))).rejects.toMatchObject({ message: 'it is not yours; the image is files in files' })
    await expect(openSinks([sinks[1]!], blobs, nothing).save(planOf([layerOf('base')]))).rejects.toThrow(refusal)
  })

  test('shares the blobs of other sinks with the engine', async () => {
    const seen: (number | undefined)[] = []
    const engine = sinkOf('engine', ({ blobs }) => seen.push(blobs?.size))
    await using blobs = new LayerBlobs()
    for (const sinks of [[engine], [engine, sinkOf('files')]]) await openSinks(sinks, blobs, nothing).save(planOf([layerOf('base'), layerOf('app')]))
    expect(seen).toEqual([undefined, 2])
  })
})

test('detects missing push access before the build', async () => {
  await using registry = await startMemoryRegistry()
  await using client = openClient()
  registry.intercept = (request, response) => {
    if (request.method !== 'POST') return false
    response.writeHead(403).end()
    return true
  }
  await using blobs = new LayerBlobs()
  const tags = planOf([], { names: [`${registry.address}/app`] }).tags
  const check = async (...to: string[]): Promise<void> => checkPublishing({ registries: client.registries, sinks: await parseSinks({ to }, '/work'), blobs }, tags, {})
  await expect(check('engine', 'registry')).rejects.toMatchObject({ code: 'CNB_REGISTRY_DENIED' })
  await expect(check('engine', 'oci:x')).resolves.toBeUndefined()
})
