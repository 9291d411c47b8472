import { expect, it } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import { Changes } from '../../../../src/operations/dev/changes.ts'

it('returns several changes as one, and those during a build to the next call', async () => {
  const changes = new Changes(1)
  changes.add('a')
  changes.add('b')
  expect(await changes.next(undefined)).toBe('a')
  let woken = false
  const next = changes.next(undefined).then(() => (woken = true))
  await new Promise((resolve) => setImmediate(resolve))
  expect(woken).toBe(false)
  changes.add('c')
  await next
})

it('ends on an abort, and with the error of the watch', async () => {
  const stop = new AbortController()
  const changes = new Changes(1)
  const waiting = changes.next(stop.signal)
  stop.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  await expect(changes.next(stop.signal)).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  changes.fail(new CnbError('CNB_APP_INVALID', 'cannot watch'))
  await expect(changes.next(undefined)).rejects.toMatchObject({ code: 'CNB_APP_INVALID' })
})

it('keeps Node running while it waits, because neither the watch nor an idle engine does', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
  const before = timers()
  const stop = new AbortController()
  const waiting = new Changes(1).next(stop.signal)
  expect(timers()).toBe(before + 1)
  stop.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
})
