import { expect, test } from 'vitest'
import { Limiter } from '../../../src/base/limiter.ts'

test('runs at most the limit of calls concurrently, in call order, also after failures', async () => {
  const limiter = new Limiter(2)
  const order: number[] = []
  let [now, most] = [0, 0]
  const work = (index: number) => async (): Promise<number> => {
    most = Math.max(most, ++now)
    order.push(index)
    await new Promise((resolve) => setImmediate(resolve))
    now--
    if (index % 3 === 0) throw new Error(String(index))
    return index
  }
  const results = await Promise.allSettled([0, 1, 2, 3, 4, 5, 6].map((index) => limiter.run(work(index))))
  expect(results.map(({ status }) => status)).toEqual([0, 1, 2, 3, 4, 5, 6].map((index) => (index % 3 === 0 ? 'rejected' : 'fulfilled')))
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(most).toBe(2)
})

test('queues a call that follows a completed one behind waiting calls', async () => {
  const limiter = new Limiter(1)
  let [now, most] = [0, 0]
  const order: string[] = []
  const work = (name: string) => async (): Promise<void> => {
    most = Math.max(most, ++now)
    order.push(name)
    await new Promise((resolve) => setImmediate(resolve))
    now--
  }
  let late: Promise<void> | undefined
  const first = limiter.run(work('first')).then(() => (late = limiter.run(work('late'))))
  const second = limiter.run(work('second'))
  await Promise.all([first, second])
  await late
  // When no call is running, the limit applies again.
  await Promise.all(['again', 'last'].map((name) => limiter.run(work(name))))
  expect(most).toBe(1)
  expect(order).toEqual(['first', 'second', 'late', 'again', 'last'])
})
