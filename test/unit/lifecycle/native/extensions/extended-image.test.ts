import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { packTar, type TarEntry } from '../../../../../src/archive/tar/tar-writer.ts'
import { readExtendedImage } from '../../../../../src/lifecycle/native/extensions/extended-image.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'
import { APP_LAYER_DIGEST, EXTENDER_LAYER } from './golden-layer.ts'

const ROOT = '/layers/extended/run'
const BASE = `sha256:${'b'.repeat(64)}`

const file = (name: string, content: Buffer): TarEntry => ({ type: 'file', name, mode: 0o644, uid: 0, gid: 0, mtime: 0, size: content.length, content })
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

interface Extended {
  config?: unknown
  manifest?: object
  layer?: Buffer
  directories?: readonly string[]
}

/** A container with the extender's output; `files` can be changed afterwards. */
function extended({ config = {}, manifest = {}, layer = gzipSync(EXTENDER_LAYER), directories = ['sha256:1'] }: Extended = {}) {
  const configBytes = json(config)
  const layers = [{ digest: BASE }, { digest: digestOf(layer) }]
  const manifestBytes = json({ config: { digest: digestOf(configBytes) }, layers, ...manifest })
  const blobs = [configBytes, manifestBytes, layer].map((content) => [`blobs/sha256/${digestOf(content).slice(7)}`, content] as const)
  const index = json({ manifests: [{ digest: digestOf(manifestBytes) }] })
  const names = directories.flatMap((directory) => [['index.json', index] as const, ...blobs].map(([name, content]) => [`${directory}/${name}`, content] as const))
  const files = new Map<string, Buffer>(names)
  return {
    files,
    getArchive: async (path: string): Promise<Readable | undefined> => {
      if (path === ROOT) return files.size > 0 ? packTar([...files].map(([name, content]) => file(`run/${name}`, content))) : undefined
      const content = files.get(path.slice(ROOT.length + 1))
      return content && packTar([file(path.slice(path.lastIndexOf('/') + 1), content)])
    },
  }
}

const HISTORY = [{ created_by: 'base' }, { empty_layer: true, created_by: 'nothing' }, { created_by: "Layer: 'RUN x', Created by extension: some/id" }]

describe('readExtendedImage', () => {
  it('returns the new layers as in the app image, each with its text in the history', async () => {
    const { extensionLayers } = await readExtendedImage(extended({ config: { history: HISTORY } }), {})
    expect(extensionLayers).toMatchObject([{ layer: { diffId: APP_LAYER_DIGEST }, createdBy: "Layer: 'RUN x', Created by extension: some/id" }])
    const [added] = extensionLayers
    for (let time = 0; time < 2; time++) {
      const bytes = await buffer((await added?.layer.open()) ?? Readable.from([]))
      expect(digestOf(bytes)).toBe(APP_LAYER_DIGEST)
      expect(bytes.length).toBe(added?.layer.size)
    }
  })

  it('accepts an uncompressed layer', async () => {
    const { extensionLayers } = await readExtendedImage(extended({ layer: EXTENDER_LAYER }), {})
    expect(extensionLayers.map(({ layer }) => layer.diffId)).toEqual([APP_LAYER_DIGEST])
  })

  it('returns the container settings without unknown fields', async () => {
    const Labels = { 'io.buildpacks.rebasable': 'false' }
    const known = { User: '1002', Env: ['PATH=/bin', 'A=b'], Labels, WorkingDir: '/', Hostname: 'h', Tty: true }
    const config = { ...known, Cmd: null, Unknown: 1 }
    const { extendedSettings } = await readExtendedImage(extended({ config: { config } }), {})
    expect(extendedSettings).toEqual(known)
  })

  it('rejects a layer that is changed or missing when it is opened', async () => {
    const container = extended()
    const [added] = (await readExtendedImage(container, {})).extensionLayers
    const name = [...container.files.keys()].at(-1) ?? ''
    container.files.set(name, gzipSync(Buffer.alloc(1024)))
    await expect(buffer((await added?.layer.open()) ?? Readable.from([]))).rejects.toMatchObject({ code: 'CNB_PHASE_FAILED' })
    container.files.delete(name)
    await expect(buffer((await added?.layer.open()) ?? Readable.from([]))).rejects.toMatchObject({ code: 'CNB_PHASE_FAILED' })
  })

  it.each<[string, Extended]>([
    ['several images', { directories: ['sha256:1', 'sha256:2'] }],
    ['no image', { directories: [] }],
    ['a missing config', { manifest: { config: { digest: BASE } } }],
    ['environment variables that are not a list', { config: { config: { Env: 'A=b' } } }],
    ['a label that is not text', { config: { config: { Labels: { a: 1 } } } }],
    ['layers that are not a list', { manifest: { layers: {} } }],
    ['a layer that is not a tar', { layer: gzipSync(Buffer.alloc(700, 'x')) }],
  ])('rejects %s', async (_what, changes) => {
    await expect(readExtendedImage(extended(changes), {})).rejects.toMatchObject({ code: 'CNB_PHASE_FAILED' })
  })
})
