/** A registry client for tests: with a clock that does not wait, and a list of all events. */

import { throwIfAborted } from '../../../src/base/errors.ts'
import type { Clock } from '../../../src/base/clock.ts'
import type { Context } from '../../../src/base/events.ts'
import type { RegistryCredentials } from '../../../src/registry/auth/auth-file.ts'
import { openRegistries, type RegistriesOptions } from '../../../src/registry/open-registries.ts'
import type { Registries } from '../../../src/registry/registry.ts'

/** A clock that a pause advances without waiting. */
export class FakeClock implements Clock {
  time = Date.UTC(2026, 0, 1)
  /** Milliseconds of each pause. */
  readonly pauses: number[] = []

  now(): number {
    return this.time
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    this.pauses.push(ms)
    this.time += ms
  }
}

export interface TestClient extends AsyncDisposable {
  readonly registries: Registries
  readonly clock: FakeClock
  readonly warnings: string[]
  /** Records all events. */
  readonly context: Context
  readonly events: string[]
}

export function openClient(options: Partial<RegistriesOptions> & { credentials?: RegistryCredentials } = {}): TestClient {
  const { credentials, ...rest } = options
  const clock = new FakeClock()
  const warnings: string[] = []
  const events: string[] = []
  const registries = openRegistries({
    keychain: async () => credentials,
    insecure: [],
    mirrors: {},
    env: {},
    userAgent: 'cnb-test',
    clock,
    warn: (message) => warnings.push(message),
    ...rest,
  })
  return {
    registries,
    clock,
    warnings,
    events,
    context: { events: (event) => events.push(JSON.stringify(event)) },
    [Symbol.asyncDispose]: () => registries.close(),
  }
}

/** Returns whether the client can connect to the registry at `host`, or the error. */
export async function reach(host: string, { registries }: TestClient): Promise<unknown> {
  return registries.repository(`${host}/a`).resolve('x').then(() => 'reached', (error: unknown) => error)
}
