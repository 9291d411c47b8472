import { expect, test } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'

test('an error in other words is the same to a machine, and the first one is its cause', () => {
  const position = { file: 'project.toml', line: 2, column: 1 }
  const first = new CnbError('CNB_PHASE_FAILED', 'it broke', { hint: 'Mend it.', exit: 51, position })
  const told = first.withMessage('the build: it broke')
  expect(told.toJSON()).toEqual({ code: 'CNB_PHASE_FAILED', message: 'the build: it broke', hint: 'Mend it.', exit: 51, position })
  expect(told.cause).toBe(first)
})
