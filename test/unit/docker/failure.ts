/** Helpers for tests with a faulty engine. */

import { expect } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import type { CnbEvent } from '../../../src/base/events.ts'
import type { Container } from '../../../src/docker/engine.ts'
import { json, type EngineServer } from './engine-server.ts'

/** Replies for the creation and removal of a container. */
export const created = { 'POST /containers/create': json({ Id: 'c1' }, 201), 'DELETE /containers/c1': json('', 204) }

/** Returns the error of the work, which must be a CnbError. */
export async function failureOf(work: Promise<unknown>): Promise<CnbError> {
  const error = await work.then(() => undefined, (thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(CnbError)
  return error as CnbError
}

/** A container of that engine. */
export function containerOf({ engine }: EngineServer, events?: (event: CnbEvent) => void): Promise<Container> {
  return engine.containers.create({ image: 'x', command: ['/x'] }, { events })
}
