import { describe, expect, it, vi } from 'vitest'
import { packTar, type TarEntry } from '../../../../../src/archive/tar/tar-writer.ts'
import type { Context } from '../../../../../src/base/events.ts'
import { readExtensions } from '../../../../../src/lifecycle/native/extensions/extensions.ts'
import type { Group } from '../../../../../src/lifecycle/native/model.ts'
import { aPlan } from '../../../../support/plans.ts'

const element = { id: 'some/extension', version: '1', api: '0.11' }
const group: Group = { buildpacks: [], extensions: [element] }
const plan = aPlan()

/** A container with these files in `/layers/generated`. */
function generated(...names: string[]) {
  const entry = (name: string): TarEntry => ({ type: 'file', name: `generated/${name}`, mode: 0o644, uid: 0, gid: 0, mtime: 0 })
  return { getArchive: vi.fn(async () => (names.length > 0 ? packTar(names.map(entry)) : undefined)) }
}

const runImage = (image: string, extend = false): string => `[run-image]\nreference = "some id"\nimage = "${image}"\nextend = ${extend}\n`
const read = (container: ReturnType<typeof generated>, analyzed: string, changes: Partial<typeof plan> = {}, context: Context = {}) =>
  readExtensions(container, { ...plan, ...changes }, group, analyzed, context)

describe('readExtensions', () => {
  it('reads nothing without extensions in the group', async () => {
    const container = generated('some_extension/build.Dockerfile')
    expect(await readExtensions(container, plan, { ...group, extensions: [] }, runImage('other/run', true), {})).toBeUndefined()
    expect(container.getArchive).not.toHaveBeenCalled()
  })

  it('returns undefined if extensions generated nothing', async () => {
    expect(await read(generated(), runImage('some/run'))).toBeUndefined()
    expect(await read(generated('some_extension/run.Dockerfile.ignore'), runImage('some/run'))).toBeUndefined()
  })

  it("finds the build image's Dockerfile at the path of each Platform API", async () => {
    const found = { extendBuild: true, extendRun: false }
    expect(await read(generated('some_extension/context/file', 'some_extension/build.Dockerfile'), runImage('some/run'))).toEqual(found)
    const old = { platformApi: { major: 0, minor: 12 } }
    expect(await read(generated('build/some_extension/Dockerfile'), runImage('some/run'), old)).toEqual(found)
    expect(await read(generated('build/some_extension/Dockerfile'), runImage('some/run'))).toBeUndefined()
  })

  it('ignores Dockerfiles in a context directory', async () => {
    expect(await read(generated('some_extension/context/build.Dockerfile'), runImage('some/run'))).toBeUndefined()
  })

  it('reports a switched and an extended run image', async () => {
    expect(await read(generated(), runImage('other/run:1'))).toEqual({ switchedRunImage: 'other/run:1', extendBuild: false, extendRun: false })
    expect(await read(generated(), runImage('some/run', true))).toEqual({ extendBuild: false, extendRun: true })
    expect(await read(generated(), runImage('other/run:1', true))).toEqual({ switchedRunImage: 'other/run:1', extendBuild: false, extendRun: true })
  })

  it('warns that the run image cannot be extended before Platform API 0.12', async () => {
    const events = vi.fn()
    expect(await read(generated(), runImage('some/run', true), { platformApi: { major: 0, minor: 11 } }, { events })).toBeUndefined()
    expect(events).toHaveBeenCalledExactlyOnceWith({ type: 'warning', message: expect.stringContaining('Platform API 0.11') })
  })

  it.each(['not a name', 'UPPER/case', '${other}'])('rejects a switch to %s', async (name) => {
    await expect(read(generated(), runImage(name))).rejects.toMatchObject({ code: 'CNB_RUN_IMAGE_INVALID' })
  })

  it.each(['[run-image]\nimage = 1\n', 'run-image = "text"\n', '[[', '[run-image]\nextend = "yes"\n'])('rejects the malformed analyzed.toml %j', async (toml) => {
    await expect(read(generated(), toml)).rejects.toMatchObject({ code: 'CNB_DETECT_FAILED' })
  })
})
