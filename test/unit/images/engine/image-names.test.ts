import { expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import type { EngineImage } from '../../../../src/docker/engine.ts'
import { findHolders, nameImage } from '../../../../src/images/engine/image-names.ts'

/** An engine with names only; setting the name `refused` fails. */
function names(taken: Record<string, string>, refused?: string, onTag: (name: string) => void = () => {}) {
  const given = new Map(Object.entries(taken))
  const images = new Set(['new', ...given.values()])
  return {
    given: () => Object.fromEntries(given),
    images,
    port: {
      inspect: async (reference: string) => {
        const id = given.get(reference) ?? reference
        const tags = [...given].filter(([, image]) => image === id).map(([name]) => name)
        return images.has(id) ? ({ id, tags } as unknown as EngineImage) : undefined
      },
      tag: async (id: string, name: string) => {
        if (name === refused) throw new CnbError('CNB_ENGINE_FAILED', 'no')
        given.set(name, id)
        onTag(name)
      },
      remove: async (reference: string) => {
        if (!given.delete(reference)) images.delete(reference)
      },
    },
  }
}

const setNames = async (port: ReturnType<typeof names>['port'], wanted: string[], context?: { signal: AbortSignal }) =>
  nameImage(port, 'new', await findHolders(port, wanted, context), context)

test('sets all names', async () => {
  const engine = names({ a: 'old' })
  await setNames(engine.port, ['a', 'b'])
  expect(engine.given()).toEqual({ a: 'new', b: 'new' })
})

test('restores all names and removes the image after a failure', async () => {
  const engine = names({ a: 'old', c: 'older' }, 'c')
  await expect(setNames(engine.port, ['a', 'b', 'c'])).rejects.toMatchObject({ message: 'no' })
  expect(engine.given()).toEqual({ a: 'old', c: 'older' })
  expect([...engine.images]).toEqual(['old', 'older'])
})

test('keeps a name that the image had before', async () => {
  const engine = names({ a: 'new' }, 'b')
  await expect(setNames(engine.port, ['a', 'b'])).rejects.toThrow('no')
  expect(engine.given()).toEqual({ a: 'new' })
})

test('restores the first name after an interrupt between two names', async () => {
  const abort = new AbortController()
  const engine = names({ a: 'old' }, undefined, () => abort.abort())
  await expect(setNames(engine.port, ['a', 'b'], { signal: abort.signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  expect(engine.given()).toEqual({ a: 'old' })
})
