import { describe, expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import { NotAnAppImage } from '../../../../src/images/rebase/rebase-plan.ts'
import { rebaseMany } from '../../../../src/operations/rebase/rebase-many.ts'
import type { RebaseResult } from '../../../../src/operations/rebase/rebase-result.ts'

const result = (image: string, changed = true): RebaseResult => ({
  image, id: 'id', reference: `${image}@id`, runImage: 'run', previousRunImage: 'run', changed, durationMs: 1,
})

type Rebase = (image: string) => Promise<RebaseResult>

async function many(names: readonly string[], rebase: Rebase, { concurrency = 2, dryRun = false, isFound = false, signal = new AbortController().signal } = {}) {
  const events: CnbEvent[] = []
  const images = names.map((name) => ({ name, isFound }))
  const done = await rebaseMany({ images, concurrency, dryRun }, rebase, { signal, events: (event) => events.push(event) })
  return { ...done, events }
}

const fail = (code: 'CNB_NOT_REBASABLE' | 'CNB_ENGINE_LOST'): Rebase => () => Promise.reject(new CnbError(code, 'no'))

test('reports each image at its end, and returns all in the given order', async () => {
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => (open = resolve))
  const { images, summary, events } = await many(['a', 'b', 'c'], async (image) => {
    if (image === 'a') await gate
    if (image === 'c') open()
    return result(image, image !== 'b')
  })
  expect(images.map(({ image, status }) => [image, status])).toEqual([['a', 'rebased'], ['b', 'unchanged'], ['c', 'rebased']])
  expect(summary).toMatchObject({ total: 3, rebased: 2, unchanged: 1, outdated: 0, skipped: 0, failed: 0 })
  const reported = events.filter((event) => event.type === 'image')
  expect(reported.map(({ report, done, total }) => [report.image, done, total])).toEqual([['b', 1, 3], ['c', 2, 3], ['a', 3, 3]])
})

test('limits the number of concurrent rebases', async () => {
  let running = 0
  let most = 0
  await many(Array.from({ length: 20 }, (_, at) => `${at}`), async (image) => {
    most = Math.max(most, ++running)
    await Promise.resolve()
    running--
    return result(image)
  }, { concurrency: 3 })
  expect(most).toBe(3)
})

test('continues after a failure and reports it', async () => {
  const { images, summary } = await many(['a', 'b'], (image) => (image === 'a' ? fail('CNB_NOT_REBASABLE')(image) : Promise.resolve(result(image))))
  expect(images).toMatchObject([{ image: 'a', status: 'failed', error: { code: 'CNB_NOT_REBASABLE' } }, { image: 'b', status: 'rebased' }])
  expect(summary).toMatchObject({ failed: 1, rebased: 1 })
  expect(JSON.parse(JSON.stringify(images[0]))).toMatchObject({ error: { code: 'CNB_NOT_REBASABLE', message: 'no', exit: 72 } })
})

test('reports outdated images in a dry run', async () => {
  expect((await many(['a'], async (image) => result(image), { dryRun: true })).images).toMatchObject([{ status: 'outdated' }])
})

describe('an image without a lifecycle', () => {
  const notOurs: Rebase = (image) => Promise.reject(new NotAnAppImage(image))

  test('is skipped if it comes from a repository', async () => {
    expect((await many(['a'], notOurs, { isFound: true })).images).toMatchObject([{ status: 'skipped' }])
  })

  test('fails if the user specified it', async () => {
    expect((await many(['a'], notOurs)).images).toMatchObject([{ status: 'failed' }])
  })
})

test('stops if the engine is lost', async () => {
  await expect(many(['a', 'b'], fail('CNB_ENGINE_LOST'))).rejects.toMatchObject({ code: 'CNB_ENGINE_LOST' })
})

test('stops on an interrupt, without a failure of an image', async () => {
  const controller = new AbortController()
  const seen: string[] = []
  const rebase: Rebase = async (image) => {
    seen.push(image)
    controller.abort(new CnbError('CNB_INTERRUPTED', 'interrupted'))
    throw new Error('socket hang up')
  }
  await expect(many(['a', 'b', 'c'], rebase, { concurrency: 1, signal: controller.signal })).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  expect(seen).toEqual(['a'])
})
