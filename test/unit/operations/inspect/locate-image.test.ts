import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import { locateImage } from '../../../../src/operations/inspect/locate-image.ts'
import { layerOf, loadImage } from '../../../engine/images/crafted.ts'
import { FakeEngine } from '../../../support/fakes/fake-engine.ts'
import { layerOf as layoutLayer, makeDirectory, planOf, save } from '../../../support/images/layout-images.ts'
import { containing, matching } from '../../../support/matching.ts'
import { MemoryRegistry } from '../../../support/fakes/memory-registry.ts'
import { placesWith, type TestPlaces } from '../../../support/places.ts'
import { pushImage, pushIndex } from '../../../support/images/push-image.ts'
import { openClient, type TestClient } from '../../../support/registry/registry-client.ts'

let registry: MemoryRegistry
let client: TestClient
let engine: FakeEngine
let name: string

beforeEach(async () => {
  registry = await new MemoryRegistry().start()
  client = openClient()
  engine = new FakeEngine()
  name = `${registry.address}/team/app:1`
})
afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
})

const push = async (architecture = 'amd64') => pushImage(client.registries, name, { layers: [await layerOf('a', architecture)], platform: { os: 'linux', architecture } })
const load = async (image = name) => loadImage(engine, image, { layers: [await layerOf('a', 'engine')] })
const both = (): TestPlaces => placesWith({ engine, registries: client.registries })
const onlyRegistry = (error?: CnbError): TestPlaces => placesWith({ ...(error ? { engine: error } : {}), registries: client.registries })
const locate = (options: Parameters<typeof locateImage>[1], places: TestPlaces, image = name) => locateImage(image, options, places, {})

describe('locateImage', () => {
  test("returns the engine's image without a request to a registry", async () => {
    const id = await load()
    await push()
    const places = both()
    const asked = registry.requests.length
    expect(await locate({}, places)).toMatchObject({ place: 'engine', name, image: { id } })
    expect(registry.requests.length).toBe(asked)
    expect(places.settings).toEqual([])
  })

  test("returns the registry's image if the engine has none", async () => {
    const { digest } = await push()
    expect(await locate({}, both())).toMatchObject({ place: 'registry', name, image: { id: `${registry.address}/team/app@${digest}` } })
  })

  test("returns the registry's image if no engine responds, without a warning", async () => {
    await push()
    const events: unknown[] = []
    await locateImage(name, {}, onlyRegistry(), { events: (event) => events.push(event) })
    expect(events.filter((event) => ['warning', 'info'].includes((event as { type: string }).type))).toEqual([])
  })

  test("returns the registry's image if the user has no access to the engine, with a warning", async () => {
    await push()
    const events: unknown[] = []
    await locateImage(name, {}, onlyRegistry(new CnbError('CNB_ENGINE_DENIED', 'no access')), { events: (event) => events.push(event) })
    expect(events).toContainEqual({ type: 'warning', message: 'no access' })
  })

  test("returns the registry's image with --remote, without a connection to the engine", async () => {
    await load()
    await push()
    const places = both()
    expect(await locate({ remote: true }, places)).toMatchObject({ place: 'registry' })
    expect(places.connected).toBe(0)
  })

  test("returns the registry's image if the engine's is for another platform", async () => {
    await load()
    await push('arm64')
    expect(await locate({ platform: 'linux/arm64' }, both())).toMatchObject({ place: 'registry', image: { platform: { architecture: 'arm64' } } })
    expect(await locate({ platform: 'linux/amd64' }, both())).toMatchObject({ place: 'engine' })
  })

  test('finds an image ID only on the engine', async () => {
    const id = await load()
    expect(await locate({}, both(), id)).toMatchObject({ place: 'engine' })
    const other = `sha256:${'0'.repeat(64)}`
    await expect(locate({}, both(), other)).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND', message: containing('is an image ID') })
    await expect(locate({ remote: true }, both(), id)).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND', message: containing('is an image ID') })
  })
})

describe('from an index, locateImage', () => {
  beforeEach(async () => {
    const [amd64, arm64] = [await push('amd64'), await push('arm64')]
    await pushIndex(client.registries, name, [amd64, arm64])
  })

  test("selects the image for this machine's platform", async () => {
    expect(await locate({}, onlyRegistry())).toMatchObject({ image: { platform: { os: 'linux', architecture: 'amd64' } } })
  })

  test('selects the image for --platform', async () => {
    expect(await locate({ platform: 'linux/arm64' }, onlyRegistry())).toMatchObject({ image: { platform: { os: 'linux', architecture: 'arm64' } } })
  })

  test('lists the available platforms in an error', async () => {
    await expect(locate({ platform: 'linux/s390x' }, onlyRegistry())).rejects.toMatchObject({
      code: 'CNB_PLATFORM_MISMATCH',
      hint: containing('linux/amd64, linux/arm64'),
    })
  })
})

test('refuses an image for another platform than --platform', async () => {
  await push('arm64')
  await expect(locate({ platform: 'linux/amd64' }, onlyRegistry())).rejects.toMatchObject({ code: 'CNB_PLATFORM_MISMATCH', message: containing('linux/arm64') })
  expect(await locate({}, onlyRegistry())).toMatchObject({ image: { platform: { architecture: 'arm64' } } })
})

describe('in an OCI layout', () => {
  test('finds an image without engine and registry, with an ID that can be used as its name', async () => {
    const directory = await makeDirectory()
    const places = both()
    await save(`oci:${directory}:1`, planOf([layoutLayer('a')]))
    const found = await locate({}, places, `oci:${directory}:1`)
    expect(found).toMatchObject({ place: 'layout', name: `oci:${directory}:1`, image: { platform: { os: 'linux', architecture: 'amd64' } } })
    expect(await locate({ remote: true }, places, found.image.id)).toMatchObject({ place: 'layout', image: { id: found.image.id } })
    expect([places.connected, places.settings]).toEqual([0, []])
  })

  test('throws for a missing image and for another platform', async () => {
    const directory = await makeDirectory()
    await expect(locate({}, both(), `oci:${directory}`)).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND' })
    await save(`oci:${directory}:1`, planOf([layoutLayer('a')]))
    await expect(locate({ platform: 'linux/arm64' }, both(), `oci:${directory}:1`)).rejects.toMatchObject({ code: 'CNB_PLATFORM_MISMATCH' })
    await expect(locate({}, both(), 'oci:')).rejects.toMatchObject({ code: 'CNB_REFERENCE_INVALID' })
  })
})

test('passes the registry options to the client', async () => {
  await push()
  const places = onlyRegistry()
  await locate({ insecureRegistries: ['a.example'], registryMirrors: ['*=b.example'] }, places)
  expect(places.settings).toEqual([{ insecure: ['a.example'], mirrors: { '*': ['b.example'] }, ca: [] }])
})

describe('an error', () => {
  /** Registries that all fail with the error. */
  const failing = (error: CnbError, engineOrNot: FakeEngine | undefined): TestPlaces => {
    const repository = (): never => {
      throw error
    }
    return placesWith({ ...(engineOrNot ? { engine: engineOrNot } : {}), registries: { ...client.registries, repository } })
  }
  const unreachable = new CnbError('CNB_REGISTRY_UNREACHABLE', 'nobody is there', { hint: 'Check the network.' })
  const denied = new CnbError('CNB_REGISTRY_DENIED', 'who are you', { hint: 'Log in.' })

  test('reports that neither the engine nor a registry has the image', async () => {
    await expect(locate({}, both())).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND', message: matching(/^cannot find image '.*'\nthe engine has no image .*\nno registry has/) })
    await expect(locate({}, onlyRegistry())).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND', message: matching(/^cannot find image '.*'\nno container engine answers\nno registry has/) })
    await expect(locate({ remote: true }, both())).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND', message: matching(/^no registry has/) })
  })

  test.each([unreachable, denied])("contains the failure of the registry in the image's name (%s)", async (error) => {
    await expect(locate({}, failing(error, engine))).rejects.toMatchObject({ code: error.code, message: matching(/^cannot find image .*\nthe engine has no image .*\n(nobody|who)/), hint: error.hint })
    await expect(locate({}, failing(error, undefined))).rejects.toMatchObject({ code: error.code, message: matching(/^cannot find image .*\nno container engine answers\n(nobody|who)/) })
    await expect(locate({ remote: true }, failing(error, engine))).rejects.toBe(error)
  })

  test.each([unreachable, denied])('reports an image without a registry as missing on the engine (%s)', async (error) => {
    await expect(locate({}, failing(error, engine), 'my-app')).rejects.toMatchObject({
      code: 'CNB_IMAGE_NOT_FOUND',
      message: matching(/^cannot find image 'my-app'\nthe engine has no image 'my-app'\n(nobody|who)/),
      hint: `${error.hint}\nTo build it: cnb build my-app`,
    })
    await expect(locate({}, failing(error, undefined), 'my-app')).rejects.toMatchObject({
      code: 'CNB_ENGINE_UNREACHABLE',
      hint: `Start Docker.\n${error.hint}`,
    })
  })

  test('suggests the command that creates the image, if it accepts the name', async () => {
    const hintOf = async (image: string, places: TestPlaces, options: Parameters<typeof locateImage>[1] = {}): Promise<string> =>
      locate(options, places, image).then(String, (error: CnbError) => error.hint ?? '')
    const engineOnly = failing(denied, engine)
    expect(await hintOf('my-app:2', engineOnly, { kind: 'builder' })).toContain('To create it: cnb builder create my-app:2 --config builder.toml')
    await loadImage(engine, 'for-amd64', { layers: [await layerOf('a', 'amd64')] })
    for (const [image, places, options] of [
      [`my-app@sha256:${'0'.repeat(64)}`, engineOnly, {}],
      [`sha256:${'0'.repeat(64)}`, engineOnly, {}],
      ['0'.repeat(64), engineOnly, {}],
      ['my-app', failing(denied, undefined), {}],
      ['my-app', engineOnly, { remote: true }],
      ['for-amd64', engineOnly, { platform: 'linux/s390x' }],
      ['reg.example/my-app', engineOnly, {}],
    ] as const) {
      expect(await hintOf(image, places, options)).not.toMatch(/cnb build|^$/)
    }
  })

  test('reports an invalid response of a registry as it is', async () => {
    const failed = new CnbError('CNB_REGISTRY_FAILED', 'the manifest is not what its digest says')
    await expect(locate({}, failing(failed, engine))).rejects.toBe(failed)
  })

  test('reports an invalid command line before any request', async () => {
    const places = both()
    await expect(locate({ platform: 'x' }, places)).rejects.toMatchObject({ code: 'CNB_USAGE' })
    await expect(locate({ registryMirrors: ['x'] }, places)).rejects.toMatchObject({ code: 'CNB_USAGE' })
    await expect(locate({}, places, 'Not A Name')).rejects.toMatchObject({ code: 'CNB_REFERENCE_INVALID' })
    expect([places.connected, places.settings, registry.requests]).toEqual([0, [], []])
  })

  test('reports a lost engine, which may have the image', async () => {
    const lost = new CnbError('CNB_ENGINE_LOST', 'gone')
    await expect(locate({}, onlyRegistry(lost))).rejects.toBe(lost)
  })
})

test('stops on an abort', async () => {
  const controller = new AbortController()
  registry.intercept = () => {
    controller.abort(new CnbError('CNB_INTERRUPTED', 'enough'))
    return true
  }
  await expect(locateImage(name, {}, both(), { signal: controller.signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED', message: 'enough' })
})
