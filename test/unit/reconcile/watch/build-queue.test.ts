import { describe, expect, it } from 'vitest'
import { BuildQueue } from '../../../../src/reconcile/watch/build-queue.ts'

function queueOf(parallel: number, ...images: readonly (readonly [string, number])[]): BuildQueue<string> {
  const queue = new BuildQueue<string>(parallel)
  for (const [key, priority] of images) queue.add(key, priority, `plan of ${key}`)
  return queue
}

describe('BuildQueue', () => {
  it('starts the most urgent first, and equal ones in their order', () => {
    const queue = queueOf(9, ['a', 1], ['b', 1000], ['c', 1], ['d', 1000])
    expect([1, 2, 3, 4, 5].map(() => queue.start()?.key)).toEqual(['b', 'd', 'a', 'c', undefined])
  })

  it('starts no more than the limit', () => {
    const queue = queueOf(2, ['a', 1], ['b', 1], ['c', 1])
    expect([queue.start()?.key, queue.start()?.key, queue.start()]).toEqual(['a', 'b', undefined])
    queue.end('a')
    expect(queue.start()?.key).toBe('c')
  })

  it('runs one build of an image at a time', () => {
    const queue = queueOf(9, ['a', 1000])
    queue.start()
    queue.add('a', 1000, 'next')
    queue.add('b', 1, 'other')
    expect(queue.isRunning('a')).toBe(true)
    expect([queue.start()?.key, queue.start()]).toEqual(['b', undefined])
    queue.end('a')
    expect(queue.start()).toEqual({ key: 'a', value: 'next' })
  })

  it('replaces the plan of an image that waits', () => {
    const queue = queueOf(1, ['a', 1])
    queue.add('a', 1, 'newer')
    expect(queue.clear()).toEqual(new Map([['a', 'newer']]))
    expect(queue.start()).toBeUndefined()
  })
})
