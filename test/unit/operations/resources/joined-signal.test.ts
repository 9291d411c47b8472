import { expect, onTestFinished, test, vi } from 'vitest'
import { joinedSignal } from '../../../../src/operations/resources/joined-signal.ts'

test.each([0, 1])('takes any number of listeners, and is aborted with signal %i', (index) => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  onTestFinished(() => warn.mockRestore())
  const controllers = [new AbortController(), new AbortController()] as const
  const joined = joinedSignal(controllers[0].signal, controllers[1].signal)
  for (let count = 0; count < 20; count++) joined.addEventListener('abort', () => {})
  expect(warn).not.toHaveBeenCalled()
  expect(joined.aborted).toBe(false)
  controllers[index]!.abort()
  expect(joined.aborted).toBe(true)
})
