/** The contract of Engine, for the fake and real engines. */

import { randomBytes } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../../../src/docker/engine.ts'
import { engineStatus } from '../../../src/docker/engine-errors.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { packFiles, readTar } from '../../support/fakes/fake-files.ts'
import { conversationContract } from './attach-contract.ts'
import { imageStoreContract } from './image-store-contract.ts'

/** Within a day of now, in milliseconds. */
const recent = (): number => expect.closeTo(Date.now(), -8) as number

export interface EngineUnderTest {
  engine: Engine
  /** The program `tool/main.go`, built for this engine. */
  tool: Buffer
  /** Opens another connection for a process that ends after its last call. */
  connectLast: () => Promise<Engine>
}

const id = randomBytes(6).toString('hex')
const IMAGE = `cnb-contract-${id}:1`
const LABEL = `dev.cnb.contract.${id}`
const labels = { [LABEL]: 'yes' }

/** Shared by the parts of the suite: the engine, an image of the tool, and labels that identify all created objects. */
export interface Bench {
  readonly engine: Engine
  readonly image: string
  readonly labels: Record<string, string>
  /** Part of every name that the suite creates. */
  readonly id: string
  readonly connectLast: () => Promise<Engine>
}

/** A refusal with the engine's message. */
function failure(words: RegExp): object {
  const message: unknown = expect.stringMatching(words)
  return { code: 'CNB_ENGINE_FAILED', message }
}

/** Declares the suite; calls `start` once before it. */
export function engineContract(name: string, start: () => Promise<EngineUnderTest>): void {
  describe(`${name} keeps the engine contract`, () => {
    let engine: Engine
    let connectLast: EngineUnderTest['connectLast']
    let layer: Buffer
    let config: Buffer

    beforeAll(async () => {
      const started = await start()
      ;({ engine, connectLast } = started)
      const { platform } = await engine.info()
      layer = await buffer(packFiles([['tool', started.tool, 0o755], ['etc/hello', 'hello'], ['tmp/.keep', '']]))
      config = Buffer.from(JSON.stringify({
        ...platform,
        created: '2001-02-03T04:05:06Z',
        author: 'contract',
        config: { Env: ['COLOUR=red', 'SHAPE=round'], Labels: { one: '1' }, Entrypoint: ['/nothing'], Cmd: ['more'], WorkingDir: '/etc' },
        rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
        history: [{ created: '2001-02-03T04:05:06Z', created_by: 'made for the contract' }],
      }))
      await engine.images.load(archive())
    })

    afterAll(async () => {
      for (const container of await engine.containers.list(LABEL)) await engine.containers.remove(container.id)
      for (const volume of await engine.volumes.list(LABEL)) await engine.volumes.remove(volume.name)
      await engine.images.remove(IMAGE)
      engine.close()
    })

    const archive = (): Readable =>
      packFiles([
        ['config.json', config],
        ['layer.tar', layer],
        ['manifest.json', JSON.stringify([{ Config: 'config.json', RepoTags: [IMAGE], Layers: ['layer.tar'] }])],
      ])

    /** Runs the tool in a new container and returns exit code and output. */
    async function run(command: string[], spec: object = {}): Promise<{ code: number; stdout: string; stderr: string }> {
      await using container = await engine.containers.create({ image: IMAGE, command: ['/tool', ...command], labels, ...spec })
      const stdout = new PassThrough()
      const stderr = new PassThrough()
      const printed = Promise.all([text(stdout), text(stderr)])
      const code = await container.run({ stdout, stderr })
      stdout.end()
      stderr.end()
      const [out, err] = await printed
      return { code, stdout: out, stderr: err }
    }

    describe('images', () => {
      test('reports the name of a loaded image, and inspects it', async () => {
        const loaded = await engine.images.load(archive())
        expect(loaded).toEqual([expect.stringContaining(IMAGE)])
        const image = await engine.images.inspect(IMAGE)
        expect(image).toMatchObject({
          tags: [IMAGE],
          platform: { os: 'linux' },
          author: 'contract',
          config: { Env: ['COLOUR=red', 'SHAPE=round'], Labels: { one: '1' }, Entrypoint: ['/nothing'], Cmd: ['more'] },
          diffIds: [digestOf(layer)],
        })
        expect(image?.id).toMatch(/^sha256:[0-9a-f]{64}$/)
        expect(image?.created).toMatch(/^2001-02-03T04:05:06/)
        expect((await engine.images.inspect(image!.id))?.id).toBe(image!.id)
      })

      test('returns undefined from inspect for a missing image, and throws CNB_IMAGE_NOT_FOUND elsewhere', async () => {
        expect(await engine.images.inspect('cnb-contract/absent:1')).toBeUndefined()
        const missing = { code: 'CNB_IMAGE_NOT_FOUND' }
        await expect(engine.images.save('cnb-contract/absent:1')).rejects.toMatchObject(missing)
        await expect(engine.images.history('cnb-contract/absent:1')).rejects.toMatchObject(missing)
        await expect(engine.images.tag('cnb-contract/absent:1', 'cnb-contract/other:1')).rejects.toMatchObject(missing)
      })

      test('adds and removes a second name without affecting the first; ignores a missing image', async () => {
        const second = `cnb-contract-${id}:second`
        await engine.images.tag(IMAGE, second)
        expect((await engine.images.inspect(second))?.id).toBe((await engine.images.inspect(IMAGE))?.id)
        await engine.images.remove(second)
        await engine.images.remove(second)
        expect(await engine.images.inspect(second)).toBeUndefined()
        expect((await engine.images.inspect(IMAGE))?.tags).toEqual([IMAGE])
      })

      test('returns the history of each layer', async () => {
        const id = (await engine.images.inspect(IMAGE))?.id
        expect(await engine.images.history(IMAGE)).toMatchObject([{ id, createdBy: 'made for the contract', created: 981173106 }])
      })

      test('saves an image and loads it back unchanged', async () => {
        const before = await engine.images.inspect(IMAGE)
        const saved = await buffer(await engine.images.save(IMAGE))
        await engine.images.load(Readable.from([saved]))
        const after = await engine.images.inspect(IMAGE)
        expect(after?.id).toBe(before?.id)
        expect(after?.diffIds).toEqual(before?.diffIds)
      })

      test('reports an error message for an invalid image', async () => {
        await expect(engine.images.load(packFiles([['hello', 'there']]))).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED' })
      })
    })

    describe('containers', () => {
      test('separates stdout and stderr and returns the exit code', async () => {
        expect(await run(['print', 'to stdout', 'to stderr', '7'])).toEqual({ code: 7, stdout: 'to stdout', stderr: 'to stderr' })
      })

      test('has written all output when run returns', async () => {
        const { code, stdout } = await run(['flood', '30000', '3'])
        expect(code).toBe(3)
        expect(stdout.length).toBe(30_000 * 100)
      })

      test("uses the image's environment, user and directory by default", async () => {
        expect((await run(['env', 'COLOUR'])).stdout).toBe('red')
        expect((await run(['env', 'COLOUR'], { env: ['COLOUR=blue'] })).stdout).toBe('blue')
        expect((await run(['env', 'SHAPE'], { env: ['COLOUR=blue'] })).stdout).toBe('round')
        expect((await run(['where'])).stdout).toBe('/etc 0:0')
        expect((await run(['where'], { user: '1001:1002', workingDir: '/tmp' })).stdout).toBe('/tmp 1001:1002')
      })

      test('rejects a container from a missing image', async () => {
        const creation = engine.containers.create({ image: 'cnb-contract/absent:1', command: ['/tool'], labels })
        await expect(creation).rejects.toMatchObject(failure(/no such image/i))
      })

      test('reports the path of a missing program', async () => {
        await using container = await engine.containers.create({ image: IMAGE, command: ['/absent'], labels })
        await expect(container.run({})).rejects.toMatchObject(failure(/\/absent/))
      })

      test('copies files in before a run and out after it', async () => {
        await using container = await engine.containers.create({ image: IMAGE, command: ['/tool', 'write', '/tmp/out', 'written'], labels })
        await container.putArchive('/tmp', await buffer(packFiles([['in/a', 'first'], ['in/b', 'second']])))
        await container.putArchive('/', packFiles([['tmp/in/c', 'third']]))
        expect(await container.run({})).toBe(0)
        const tar = await readTar(await buffer((await container.getArchive('/tmp'))!))
        const regular = tar.filter(({ header }) => header.type === 'file')
        const files = Object.fromEntries(regular.map(({ name, content }) => [name, content.toString()]))
        expect(files).toEqual({ 'tmp/.keep': '', 'tmp/in/a': 'first', 'tmp/in/b': 'second', 'tmp/in/c': 'third', 'tmp/out': 'written' })
      })

      test('returns undefined for a missing path on read, and rejects files for it and closes their source', async () => {
        await using container = await engine.containers.create({ image: IMAGE, command: ['/tool'], labels })
        expect(await container.getArchive('/absent')).toBeUndefined()
        const endless = new Readable({ read(): void { this.push(Buffer.alloc(64 * 1024)) } })
        await expect(container.putArchive('/absent', endless)).rejects.toMatchObject(failure(/\/absent/))
        expect(endless.destroyed).toBe(true)
      })

      test('ends a running container on an abort, with the interruption as the error', async () => {
        await using container = await engine.containers.create({ image: IMAGE, command: ['/tool', 'hang'], labels })
        const controller = new AbortController()
        const stdout = new PassThrough()
        stdout.once('data', () => controller.abort())
        await expect(container.run({ stdout }, { signal: controller.signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
      })

      test('leaves no container after an aborted creation', async () => {
        const own = `${LABEL}.aborted`
        const controller = new AbortController()
        const spec = { image: IMAGE, command: ['/tool'], labels: { [own]: '' } }
        const creation = engine.containers.create(spec, { signal: controller.signal })
        controller.abort()
        await expect(creation).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
        expect(await engine.containers.list(own)).toEqual([])
      })

      test('lists a container by label until its disposal', async () => {
        const own = `${LABEL}.scope`
        {
          await using container = await engine.containers.create({ image: IMAGE, command: ['/tool'], labels: { [own]: 'here' } })
          expect(await engine.containers.list(own)).toMatchObject([{ id: container.id, name: expect.stringMatching(/^cnb-[0-9a-f]{16}$/) as string, labels: { [own]: 'here' }, created: recent(), running: false }])
        }
        expect(await engine.containers.list(own)).toEqual([])
      })

      test('accepts concurrent and repeated removals', async () => {
        const container = await engine.containers.create({ image: IMAGE, command: ['/tool'], labels })
        await Promise.all([container.remove(), engine.containers.remove(container.id)])
        await container.remove()
      })

      test('runs a container again with its previous files', async () => {
        await using container = await engine.containers.create({ image: IMAGE, command: ['/tool', 'append', '/tmp/log', 'x'], labels })
        expect(await container.run({})).toBe(0)
        expect(await container.run({})).toBe(0)
        const [log] = await readTar(await buffer((await container.getArchive('/tmp/log'))!))
        expect(log?.content.toString()).toBe('xx')
      })

      test('rejects a second container with the same name with 409, and leaves nothing behind', async () => {
        const own = `${LABEL}.named`
        const spec = { image: IMAGE, command: ['/tool', 'print', 'named', '', '0'], labels: { [own]: '' }, name: `cnb-contract-${id}-named` }
        {
          await using first = await engine.containers.create(spec)
          expect(await first.run({})).toBe(0)
          const error: unknown = await engine.containers.create(spec).catch((thrown: unknown) => thrown)
          expect(error).toMatchObject(failure(/already in use/))
          expect(engineStatus(error)).toBe(409)
          expect((await engine.containers.list(own)).map((container) => container.id)).toEqual([first.id])
        }
        await using second = await engine.containers.create(spec)
        expect(await second.run({})).toBe(0)
      })

      test('applies limits on memory, CPUs and processes', async () => {
        expect((await run(['print', 'bounded', '', '0'], { memory: 64 << 20, cpus: 0.5, pidsLimit: 20 })).stdout).toBe('bounded')
      })

      test('rejects a bind mount with a missing source, and reports its path', async () => {
        const mounts = [{ type: 'bind' as const, source: '/cnb-contract-absent', target: '/mnt' }]
        const creation = engine.containers.create({ image: IMAGE, command: ['/tool'], labels, mounts })
        await expect(creation).rejects.toMatchObject(failure(/\/cnb-contract-absent/))
      })
    })

    const bench = (): Bench => ({ engine, image: IMAGE, labels, id, connectLast })
    conversationContract(bench)
    imageStoreContract(bench)

    describe('volumes', () => {
      test('creates a volume once, and lists it by label', async () => {
        const name = `cnb-contract-${id}-made`
        expect(await engine.volumes.exists(name)).toBe(false)
        expect(await engine.volumes.labels(name)).toBeUndefined()
        expect(await engine.volumes.create(name, labels)).toBe(true)
        expect(await engine.volumes.exists(name)).toBe(true)
        expect(await engine.volumes.create(name, labels)).toBe(true)
        expect(await engine.volumes.create(name, { ...labels, later: 'yes' })).toBe(false)
        expect(await engine.volumes.labels(name)).toEqual(labels)
        expect(await engine.volumes.list(LABEL)).toContainEqual({ name, labels, created: recent() })
        expect((await engine.volumes.list()).map((volume) => volume.name)).toContain(name)
        await engine.volumes.remove(name)
        await engine.volumes.remove(name)
        expect((await engine.volumes.list(LABEL)).map((volume) => volume.name)).not.toContain(name)
      })

      test("sets a mount's labels on a new volume, and keeps those of an existing one", async () => {
        const name = `cnb-contract-${id}-mounted`
        const mount = { type: 'volume' as const, source: name, target: '/mounted', labels }
        await run(['print', '', '', '0'], { mounts: [mount] })
        await run(['print', '', '', '0'], { mounts: [{ ...mount, labels: { ...labels, later: 'yes' } }] })
        expect(await engine.volumes.list(LABEL)).toContainEqual({ name, labels, created: recent() })
        await engine.volumes.remove(name)
      })

      test('shares a volume between containers, and rejects its removal while in use', async () => {
        const name = `cnb-contract-${id}-shared`
        await engine.volumes.create(name, labels)
        const mounts = [{ type: 'volume' as const, source: name, target: '/shared' }]
        expect((await run(['write', '/shared/note', 'from the first'], { mounts })).code).toBe(0)
        expect((await engine.volumes.sizes()).get(name)).toBeGreaterThanOrEqual('from the first'.length)
        {
          await using _user = await engine.containers.create({ image: IMAGE, command: ['/tool'], labels, mounts })
          await expect(engine.volumes.remove(name)).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED' })
          expect((await engine.containers.list(LABEL)).flatMap(({ volumes }) => volumes)).toContain(name)
        }
        expect((await run(['read', '/shared/note'], { mounts })).stdout).toBe('from the first')
        await engine.volumes.remove(name)
      })
    })
  })
}
