/** Vitest's asymmetric matchers with the type `unknown`: their own type, `any`, disables type checks. */

import { expect } from 'vitest'

export function containing(text: string): unknown {
  return expect.stringContaining(text)
}

export function matching(pattern: RegExp): unknown {
  return expect.stringMatching(pattern)
}

export const anyString: unknown = expect.any(String)
export const anyNumber: unknown = expect.any(Number)
