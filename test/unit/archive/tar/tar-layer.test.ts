import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { makeTarLayer, type TarCopy } from '../../../../src/archive/tar/tar-layer.ts'
import { packTar } from '../../../../src/archive/tar/tar-writer.ts'
import type { TarEntry } from '../../../../src/archive/tar/tar-writer.ts'
import { CnbError } from '../../../../src/base/errors.ts'
import { digestOf } from '../../../../src/oci/digest.ts'

const file = (content: string): TarEntry => ({
  type: 'file',
  name: 'f',
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: 0,
  size: content.length,
  content: Buffer.from(content),
})

describe('makeTarLayer', () => {
  it('returns digest and size of the tar, and the same tar at every open', async () => {
    const layer = await makeTarLayer(() => [file('a')])
    const tar = await buffer(packTar([file('a')]))
    expect(layer).toMatchObject({ diffId: digestOf(tar), size: tar.length })
    for (let time = 0; time < 2; time++) expect((await buffer(await layer.open())).equals(tar)).toBe(true)
  })

  it('fails the stream with CNB_APP_CHANGED if the files have changed', async () => {
    let content = 'a'
    const layer = await makeTarLayer(() => [file(content)])
    content = 'b'
    await expect(buffer(await layer.open())).rejects.toMatchObject({
      code: 'CNB_APP_CHANGED',
      message: expect.stringContaining(layer.diffId),
    })
  })

  it('passes on errors of the entries, immediately or at open', async () => {
    const wrong = new CnbError('CNB_APP_INVALID', 'no')
    let fails = true
    const entries = function* (): Generator<TarEntry> {
      if (fails) throw wrong
      yield file('a')
    }
    await expect(makeTarLayer(entries)).rejects.toBe(wrong)
    fails = false
    const layer = await makeTarLayer(entries)
    fails = true
    await expect(buffer(await layer.open())).rejects.toBe(wrong)
  })

  it('obeys the signals of both passes', async () => {
    const aborted = AbortSignal.abort(new CnbError('CNB_INTERRUPTED', 'Ctrl-C'))
    await expect(makeTarLayer(() => [file('a')], { signal: aborted })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
    const layer = await makeTarLayer(() => [file('a')])
    await expect(buffer(await layer.open(aborted))).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  })

  it('passes bytes and digest to a copy, and discards it if the tar fails', async () => {
    const heard: unknown[] = []
    const copy = async (): Promise<TarCopy> => ({
      write: async (chunk) => void heard.push(chunk.length),
      finish: async (diffId) => void heard.push(diffId),
      [Symbol.asyncDispose]: async () => void heard.push('dropped'),
    })
    const { diffId } = await makeTarLayer(() => [file('a')], { copy })
    expect(heard).toEqual([2048, diffId, 'dropped'])
    heard.splice(0)
    await expect(makeTarLayer(() => [{ ...file('a'), size: 2 }], { copy })).rejects.toMatchObject({ code: 'CNB_APP_CHANGED' })
    expect(heard).toEqual(['dropped'])
  })
})
