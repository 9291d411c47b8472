/** Vitest's asymmetric matchers, typed `unknown`: theirs are `any`, which would switch type checking off wherever one stands. */

import { expect } from 'vitest'

export function containing(text: string): unknown {
  return expect.stringContaining(text)
}

export function matching(pattern: RegExp): unknown {
  return expect.stringMatching(pattern)
}

export const anyString: unknown = expect.any(String)
export const anyNumber: unknown = expect.any(Number)
