import { once } from 'node:events'
import { setImmediate as tick } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { timeLimit } from '../../../src/base/clock.ts'

test('ends a time limit that only a joined signal refers to, although garbage is collected', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const joined = AbortSignal.any([timeLimit(200), new AbortController().signal])
  const aborted = once(joined, 'abort')
  for (let time = 0; time < 5; time++) {
    collect()
    await tick()
  }
  await aborted
  expect((joined.reason as Error).name).toBe('TimeoutError')
})
