/** Decisions of kpack 0.18.0 and their inputs (fixtures/golden/kpack/decisions). */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AnyBuilder } from '../../src/reconcile/state.ts'
import type { Build } from '../../src/resources/kinds/build.ts'
import type { Image, ImageStatus } from '../../src/resources/kinds/image.ts'
import type { SourceResolver } from '../../src/resources/kinds/source-resolver.ts'

const FOLDER = join(import.meta.dirname, '../../fixtures/golden/kpack/decisions')

interface Vector {
  readonly name: string
  readonly image?: unknown
  readonly builds?: readonly unknown[]
  readonly resolver?: unknown
  readonly builder?: unknown
}

interface Inputs {
  readonly base: { readonly image: object; readonly build: object; readonly resolver: object; readonly builder: object }
  readonly decisions: readonly Vector[]
  readonly diffs: readonly (readonly [string, string])[]
  readonly quantities: readonly string[]
  readonly childNames: readonly (readonly [string, string])[]
}

interface Answer {
  readonly error?: string
  readonly build?: Build
  readonly rebase?: boolean
  readonly printed?: string
  readonly plain?: readonly string[]
  readonly status?: ImageStatus
  readonly deleted?: readonly string[]
}

interface Answers {
  readonly decisions: readonly Answer[]
  readonly diffs: readonly string[]
  readonly quantities: readonly { readonly text: string; readonly equal: readonly number[] }[]
  readonly childNames: readonly string[]
}

/** The time in all answers. */
export const NOW = new Date('2006-01-02T15:04:05Z')

export const inputs = JSON.parse(readFileSync(join(FOLDER, 'inputs.json'), 'utf8')) as Inputs
export const answers = JSON.parse(readFileSync(join(FOLDER, 'answers.json'), 'utf8')) as Answers

export interface DecisionInput {
  readonly name: string
  readonly image: Image
  readonly builds: Build[]
  readonly resolver?: SourceResolver
  readonly builder?: AnyBuilder
}

/** Returns the objects of a vector: JSON merge patches (RFC 7396) of the base's objects. */
export function decisionInput({ name, image, builds = [{}], resolver, builder }: Vector): DecisionInput {
  return {
    name,
    image: merge(inputs.base.image, image) as Image,
    builds: builds.map((build) => merge(inputs.base.build, build) as Build),
    resolver: (merge(inputs.base.resolver, resolver) ?? undefined) as SourceResolver | undefined,
    builder: (merge(inputs.base.builder, builder) ?? undefined) as AnyBuilder | undefined,
  }
}

function merge(target: unknown, patch: unknown): unknown {
  if (patch === undefined) return structuredClone(target)
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result: Record<string, unknown> = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...structuredClone(target) } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}
