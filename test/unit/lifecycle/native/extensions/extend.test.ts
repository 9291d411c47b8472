import { buffer } from 'node:stream/consumers'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import type { Container, Engine } from '../../../../../src/docker/engine.ts'
import { parseToml } from '../../../../../src/formats/toml.ts'
import { extendedAnalyzed } from '../../../../../src/lifecycle/native/extensions/extend.ts'
import { type ExtensionPlan, planExtensions, runWithExtender } from '../../../../../src/lifecycle/native/extensions/extend.ts'
import { buildExtenderSpec, runExtenderSpec } from '../../../../../src/lifecycle/native/extensions/extender-container.ts'
import { decisionsOf, withoutDecisions } from '../../../../support/decisions.ts'
import { FakeEngine } from '../../../../support/fakes/fake-engine.ts'
import { anImage, aPlan } from '../../../../support/plans.ts'

const group = { buildpacks: [], extensions: [{ id: 'some/extension', version: '1', api: '0.11' }] }
const kaniko = { type: 'volume', source: 'kaniko-volume', target: '/kaniko/cache/layers' } as const
const nothing = { getArchive: async () => undefined }
const other = { name: 'docker.example/other:latest', image: anImage({ reference: 'other', labels: { 'io.buildpacks.base.distro.name': 'x' } }) }
const findRunImage = vi.fn(async () => other)
const plan = aPlan({ findRunImage })

beforeEach(() => void findRunImage.mockClear())

function input(analyzed: string, engine: Engine = new FakeEngine()) {
  return { engine, plan, owner: 'me', group, previous: undefined, analyzed, container: nothing, cache: { open: async () => kaniko } }
}

describe('the extender\'s container', () => {
  it('runs as root with only the capabilities that packages need', () => {
    for (const spec of [buildExtenderSpec(plan, 'layers', kaniko, 'me'), runExtenderSpec(plan, plan.runImage.image.id, kaniko, 'me')]) {
      expect(spec).toMatchObject({ user: '0:0', securityOpt: ['no-new-privileges'] })
      expect(spec.capDrop).toEqual(['ALL'])
      for (const name of ['MKNOD', 'NET_RAW', 'SYS_CHROOT', 'SYS_ADMIN']) expect(spec.capAdd).not.toContain(name)
      expect(spec.mounts).toContainEqual(kaniko)
      expect(spec.mounts?.filter(({ type }) => type === 'bind')).toEqual([])
    }
  })

  it('mounts the layers volume only for the build phase', () => {
    expect(buildExtenderSpec(plan, 'layers', kaniko, 'me').mounts).toContainEqual(expect.objectContaining({ source: 'layers', target: '/layers' }))
    expect(runExtenderSpec(plan, plan.runImage.image.id, kaniko, 'me').mounts).toEqual([kaniko])
  })
})

describe('planExtending', () => {
  it('returns undefined without a message if extensions have nothing to do', async () => {
    const events: CnbEvent[] = []
    expect(await planExtensions(input('[run-image]\nimage = "some/run"\n'), { events: (event) => events.push(event) })).toBeUndefined()
    expect(events).toEqual([])
  })

  it('reports why a container runs as root, and uses the plan\'s run image', async () => {
    const events: CnbEvent[] = []
    const extending = await planExtensions(input('[run-image]\nimage = "some/run"\nextend = true\n'), { events: (event) => events.push(event) })
    expect(extending).toMatchObject({ extendRun: true, extendBuild: false, runImage: plan.runImage })
    expect(withoutDecisions(events)).toEqual([{ type: 'info', message: expect.stringContaining('as root') }])
    expect(decisionsOf(events)).toEqual(['extension some/extension@1: used: its detection passed'])
    expect(findRunImage).not.toHaveBeenCalled()
  })

  it('uses the run image that an extension switches to under the extension\'s name', async () => {
    const events: CnbEvent[] = []
    const extending = await planExtensions(input('[run-image]\nimage = "docker.example/other"\n'), { events: (event) => events.push(event) })
    expect(findRunImage).toHaveBeenCalledWith('docker.example/other', expect.anything())
    expect(extending?.runImage).toEqual({ name: 'docker.example/other', image: other.image })
    expect(withoutDecisions(events)).toEqual([])
    expect(decisionsOf(events)).toContain("run image docker.example/other: chosen: an extension's run.Dockerfile switches to it")
    const analyzed = parseToml((extending?.builderEntry.content as Buffer).toString(), 'analyzed.toml')
    expect(analyzed['run-image']).toMatchObject({ image: 'docker.example/other', target: { distro: { name: 'x' } } })
  })
})

describe('extendedAnalyzed', () => {
  it('refers to the extender\'s layouts by digest', () => {
    const digest = `sha256:${'c'.repeat(64)}` as const
    const { name, content } = extendedAnalyzed(plan, undefined, { runImage: plan.runImage, build: digest, run: digest })
    expect(name).toBe('layers/analyzed.toml')
    expect(parseToml((content as Buffer).toString(), 'analyzed.toml')).toMatchObject({
      'build-image': { reference: `index.docker.io/some/builder@${digest}` },
      'run-image': { reference: `index.docker.io/some/run@${digest}`, image: 'some/run', extend: true, target: { os: 'linux' } },
    })
  })
})

describe('whileExtending', () => {
  async function extending(extendRun: boolean, create: Engine['containers']['create']): Promise<ExtensionPlan> {
    const engine = new FakeEngine()
    const planned = await planExtensions(input('[run-image]\nimage = "some/run"\nextend = true\n', engine), {})
    if (!planned) throw new Error('nothing to extend')
    return { ...planned, extendRun, engine: Object.assign(engine, { containers: { ...engine.containers, create } }) }
  }

  it('only builds if the run image is not extended', async () => {
    const create = vi.fn<Engine['containers']['create']>()
    expect(await runWithExtender(await extending(false, create), nothing, {}, async () => 'built')).toEqual({ built: 'built', extended: undefined })
    expect(create).not.toHaveBeenCalled()
  })

  function aContainer(changes: Partial<Container>): Container {
    return {
      id: 'c',
      keep: async () => {},
      putArchive: async (_path, tar) => void (Buffer.isBuffer(tar) || (await buffer(tar))),
      getArchive: async () => undefined,
      run: async () => 0,
      attach: () => Promise.reject(new Error('not to be used')),
      start: async () => {},
      stop: async () => {},
      remove: async () => {},
      leave: async () => {},
      [Symbol.asyncDispose]: async () => {},
      ...changes,
    }
  }

  it('stops the extension if the build fails, throws the build\'s error, and removes the container', async () => {
    const dispose = vi.fn(async () => {})
    const wrong = new Error('the build failed')
    const run: Container['run'] = (_output, context) =>
      new Promise((_resolve, reject) => context?.signal?.addEventListener('abort', () => reject(new Error('stopped'))))
    const create = async (): Promise<Container> => aContainer({ run, [Symbol.asyncDispose]: dispose })
    const failing = runWithExtender(await extending(true, create), nothing, {}, async () => {
      await new Promise((resolve) => setImmediate(resolve))
      throw wrong
    })
    await expect(failing).rejects.toBe(wrong)
    expect(dispose).toHaveBeenCalledOnce()
  })

  it('copies the Dockerfiles before the build, which could change them', async () => {
    const read: string[] = []
    const source = { getArchive: async (path: string) => void read.push(path) }
    let before: string[] | undefined
    const failing = runWithExtender(await extending(true, async () => aContainer({})), source, {}, async () => {
      before = [...read]
      throw new Error('enough')
    })
    await expect(failing).rejects.toThrow('enough')
    expect(before).toEqual(['/layers/generated'])
  })

  it('throws the extension\'s error even if the build succeeds', async () => {
    const create = (): Promise<Container> => Promise.reject(new Error('no container'))
    await expect(runWithExtender(await extending(true, create), nothing, {}, async () => 'built')).rejects.toThrow('no container')
  })
})
