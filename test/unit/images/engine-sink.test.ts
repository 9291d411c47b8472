import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import type { Engine, EngineImage } from '../../../src/docker/engine.ts'
import { saveToEngine } from '../../../src/images/engine-sink.ts'
import type { ImagePlan } from '../../../src/images/image.ts'
import { encodeImageConfig } from '../../../src/oci/config.ts'
import { digestOf, hexOf } from '../../../src/oci/digest.ts'
import { parseReference } from '../../../src/oci/reference.ts'
import { readTar } from '../../support/fake-files.ts'
import { image, layer } from './app-images.ts'
import { anyString } from '../../support/matching.ts'

type Archive = Record<string, string>

/** An engine that keeps the archives that it is sent, and answers the loads one by one as told. */
function engineWith(imageStore: 'graphdriver' | 'containerd', answers: (string[] | Error)[]) {
  const archives: Archive[] = []
  const named: [string, string][] = []
  const engine = {
    info: async () => ({ imageStore }),
    images: {
      load: async (tar: Readable) => {
        archives.push(Object.fromEntries((await readTar(await buffer(tar))).map(({ name, content }) => [name, content.toString()])))
        const answer = answers.shift() ?? []
        if (answer instanceof Error) throw answer
        return answer
      },
      inspect: async (): Promise<EngineImage | undefined> => undefined,
      tag: async (id: string, name: string) => void named.push([id, name]),
      remove: async () => {},
    },
  } as unknown as Engine
  return { engine, archives, named }
}

function planOf(base: string[], layers: string[], tags = ['my/app', 'r.example/app:2']): ImagePlan {
  return { base: image({ layers: base }), config: image({ layers }).config, layers: layers.map(layer), tags: tags.map(parseReference) }
}

const file = (name: string) => `${hexOf(digestOf(name))}.tar`

function manifestOf(archive: Archive | undefined): { Config: string; RepoTags: unknown; Layers: string[] } {
  const [manifest] = JSON.parse(archive?.['manifest.json'] ?? '[]') as [{ Config: string; RepoTags: unknown; Layers: string[] }]
  return manifest
}

describe('on a graph-driver store', () => {
  test('sends the layers that the base has as empty files, and names the image by its config', async () => {
    const plan = planOf(['a', 'b', 'x'], ['a', 'b', 'c'])
    const id = digestOf(encodeImageConfig(plan.config))
    const { engine, archives, named } = engineWith('graphdriver', [[]])
    expect(await saveToEngine(engine, plan)).toEqual({ id, tags: ['my/app:latest', 'r.example/app:2'] })
    const [archive] = archives
    expect(archive).toEqual({ [`${hexOf(id)}.json`]: encodeImageConfig(plan.config).toString(), 'omitted.tar': '', [file('c')]: 'c', 'manifest.json': anyString })
    expect(manifestOf(archive)).toEqual({ Config: `${hexOf(id)}.json`, RepoTags: null, Layers: ['omitted.tar', 'omitted.tar', file('c')] })
    expect(named).toEqual([[id, 'docker.io/my/app:latest'], [id, 'r.example/app:2']])
  })

  test('a layer above a new one is sent, although the base has it: its chain is another', async () => {
    const { engine, archives } = engineWith('graphdriver', [[]])
    await saveToEngine(engine, planOf(['a', 'b'], ['new', 'b']))
    expect(Object.keys(archives[0] ?? {})).toEqual([anyString, file('new'), file('b'), 'manifest.json'])
  })

  test('a layer that is below omitted and above sent is sent once', async () => {
    const { engine, archives } = engineWith('graphdriver', [[]])
    await saveToEngine(engine, planOf(['a'], ['a', 'b', 'a', 'b']))
    expect(manifestOf(archives[0]).Layers).toEqual(['omitted.tar', file('b'), file('a'), file('b')])
    expect(archives[0]).toMatchObject({ [file('a')]: 'a', [file('b')]: 'b' })
  })

  test('sends everything when the engine refuses', async () => {
    const { engine, archives } = engineWith('graphdriver', [new CnbError('CNB_ENGINE_FAILED', 'invalid diffID for layer 0'), []])
    await saveToEngine(engine, planOf(['a'], ['a', 'b']))
    expect(archives.map((archive) => manifestOf(archive).Layers)).toEqual([['omitted.tar', file('b')], [file('a'), file('b')]])
  })

  test.each([
    ['the disk is full', ['a'], 'CNB_ENGINE_DISK_FULL'],
    ['nothing was left out', [], 'CNB_ENGINE_FAILED'],
  ] as const)('does not try again when %s, and names nothing', async (_, base, code) => {
    const { engine, archives, named } = engineWith('graphdriver', [new CnbError(code, 'no'), []])
    await expect(saveToEngine(engine, planOf([...base], ['a', 'b']))).rejects.toMatchObject({ code })
    expect([archives.length, named]).toEqual([1, []])
  })
})

describe('on the containerd store', () => {
  test('sends every layer, and takes the ID that the engine gives', async () => {
    const { engine, archives } = engineWith('containerd', [['some:name', digestOf('manifest')]])
    expect(await saveToEngine(engine, planOf(['a'], ['a', 'b']))).toMatchObject({ id: digestOf('manifest') })
    expect(manifestOf(archives[0]).Layers).toEqual([file('a'), file('b')])
  })

  test('an engine that does not tell the ID is an error', async () => {
    const { engine } = engineWith('containerd', [[]])
    await expect(saveToEngine(engine, planOf([], ['a']))).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED' })
  })
})

test('a layer that does not know its size is measured', async () => {
  const { engine, archives } = engineWith('graphdriver', [[]])
  const { size: _, ...unmeasured } = layer('a')
  await saveToEngine(engine, { ...planOf([], ['a']), layers: [unmeasured] })
  expect(archives[0]?.[file('a')]).toBe('a')
})

test('a name with a digest is refused before anything is sent', async () => {
  const { engine, archives } = engineWith('graphdriver', [])
  await expect(saveToEngine(engine, planOf([], ['a'], [`my/app@sha256:${'0'.repeat(64)}`]))).rejects.toMatchObject({ code: 'CNB_REFERENCE_INVALID' })
  expect(archives).toEqual([])
})
