import { expect, test } from 'vitest'
import { Limiter } from '../../../src/base/limiter.ts'

test('no more than the limit go on at once, in the order of the calls, also after failures', async () => {
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
