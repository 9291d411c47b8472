import { expect, test } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'

test('changes only the message in withMessage, and keeps the original error as cause', () => {
  const position = { file: 'project.toml', line: 2, column: 1 }
  const first = new CnbError('CNB_PHASE_FAILED', 'it broke', { hint: 'Mend it.', exit: 51, position })
  const renamed = first.withMessage('the build: it broke')
  expect(renamed.toJSON()).toEqual({ code: 'CNB_PHASE_FAILED', message: 'the build: it broke', hint: 'Mend it.', exit: 51, position })
  expect(renamed.cause).toBe(first)
})
