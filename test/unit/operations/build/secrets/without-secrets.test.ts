import { expect, test } from 'vitest'
import { CnbError } from '../../../../../src/base/errors.ts'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import { withoutSecrets } from '../../../../../src/operations/build/secrets/without-secrets.ts'

const SECRETS = [{ name: 'token', content: Buffer.from('the-value') }]

async function failure(error: unknown): Promise<unknown> {
  return withoutSecrets(SECRETS, {}, () => Promise.reject(error as Error)).catch((thrown: unknown) => thrown)
}

/** The message and those of all causes. */
function textOf(error: unknown): string {
  return error instanceof Error ? [error.message, ...(error.cause ? [textOf(error.cause)] : [])].join() : ''
}

test('hides the values in events, and passes the mask to the work', async () => {
  const events: CnbEvent[] = []
  await withoutSecrets(SECRETS, { events: (event) => events.push(event) }, async ({ events: report, mask }) => {
    expect(mask?.hide('the-value')).toBe('***')
    report?.({ type: 'warning', message: 'has the-value' })
    report?.({ type: 'phase.line', phase: 'builder', stream: 'stdout', line: 'the-value' })
    report?.({ type: 'decision', subject: { kind: 'build' }, outcome: 'no', reason: 'the-value' })
    report?.({ type: 'phase.start', phase: 'the-value' })
  })
  expect(JSON.stringify(events.slice(0, 3))).not.toContain('the-value')
  expect(events).toHaveLength(4)
})

test('hides the values in errors, and leaves out a cause that has one', async () => {
  const error = new CnbError('CNB_BUILD_FAILED', 'said the-value', { hint: 'Remove the-value.', exit: 51, source: 'x = the-value', cause: new Error('the-value') })
  const hidden = await failure(error)
  expect(hidden).toMatchObject({ code: 'CNB_BUILD_FAILED', hint: 'Remove ***.', exit: 51, source: 'x = ***' })
  expect([textOf(hidden), textOf(await failure(new CnbError('CNB_OUTPUT', 'fails', { cause: new Error('', { cause: new Error('the-value') }) })))]).toEqual(['said ***', 'fails'])
  expect(textOf(await failure(new Error('the-value')))).toBe('***')
})

test('returns other errors, and the context of a build without secrets, unchanged', async () => {
  const error = new CnbError('CNB_OUTPUT', 'fails', { cause: new Error('other') })
  expect(await failure(error)).toBe(error)
  const context = {}
  await withoutSecrets([], context, async (given) => expect(given).toBe(context))
})
