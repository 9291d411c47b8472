/** Pulls images into an engine through the mirrors of their registry (see registry/mirrors.ts). */

import { CnbError, toCnbError, type ErrorCode } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import type { Engine, PullOptions } from '../../docker/engine.ts'
import type { Platform } from '../../oci/platform.ts'
import { formatReference, parseReference, type Reference } from '../../oci/reference.ts'
import { withMirrorErrors, mirrorsOf } from '../../registry/mirrors.ts'

export interface PullServices {
  readonly engine: Engine
  /** Looks up the credentials for a repository with its registry. */
  readonly credentials: (repository: string) => Promise<PullOptions['auth']>
  /** Mirrors by registry, or `*` for all others: hosts with an optional path. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>
  /** The platform that the image must have; undefined for any. */
  readonly platform?: Platform
}

/** Returns the image's names on the mirrors of its registry, in order. @throws CnbError CNB_USAGE for an invalid mirror */
export function namesOnMirrors(reference: Reference, mirrors: PullServices['mirrors']): string[] {
  const { registry, repository } = reference
  return mirrorsOf(registry, mirrors).map(({ host, path }) => formatReference({ ...reference, registry: host, repository: path + repository }))
}

/** Errors that concern one registry only: another registry may succeed. */
const OF_ONE_REGISTRY: readonly ErrorCode[] = ['CNB_IMAGE_NOT_FOUND', 'CNB_PULL_FAILED', 'CNB_PLATFORM_MISMATCH']

/**
 * Pulls an image from the first mirror that has it, or else from its own registry. After a pull from a mirror, the image is tagged with
 * its own name, and the mirror's name is removed, unless it existed before. Engines cannot set a name with a digest: such an image
 * keeps the mirror's name.
 * @returns the image's name on the engine
 * @throws CnbError as EngineImages.pull; the message ends with the errors of mirrors
 */
export async function pullThroughMirrors(reference: string, services: PullServices, context: Context): Promise<string> {
  const { events, signal } = context
  const own = parseReference(reference)
  const failures: CnbError[] = []
  for (const copy of namesOnMirrors(own, services.mirrors)) {
    try {
      const name = await pullCopy(copy, own, services, context)
      decide(context, { kind: 'mirror', name: copy }, 'used', `it is the first mirror that has '${reference}'`)
      return name
    } catch (error) {
      if (signal?.aborted || !(error instanceof CnbError) || !OF_ONE_REGISTRY.includes(error.code)) throw error
      const type = error.code === 'CNB_IMAGE_NOT_FOUND' ? 'debug' : 'warning'
      events?.({ type, message: `skipping mirror ${copy}: ${error.message}` })
      decide(context, { kind: 'mirror', name: copy }, 'passed over', error.message)
      failures.push(error)
    }
  }
  try {
    await pullFrom(reference, services, context)
    return reference
  } catch (error) {
    throw withMirrorErrors(error, failures)
  }
}

async function pullFrom(name: string, { engine, credentials, platform }: PullServices, context: Context): Promise<void> {
  const { registry, repository } = parseReference(name)
  const auth = await credentials(`${registry}/${repository}`)
  await engine.images.pull(name, { platform, auth }, context)
}

async function pullCopy(copy: string, own: Reference, services: PullServices, context: Context): Promise<string> {
  const { images } = services.engine
  if (own.digest !== undefined) {
    await pullFrom(copy, services, context)
    return copy
  }
  const name = formatReference(own)
  const before = await images.inspect(copy, context)
  try {
    await pullFrom(copy, services, context)
    await images.tag(copy, name, context).catch(async (error: unknown) => {
      // A concurrent run may have set the name and removed the mirror's name meanwhile.
      if (toCnbError(error).code !== 'CNB_IMAGE_NOT_FOUND' || !(await images.inspect(name, context))) throw error
    })
    return name
  } finally {
    if (!before) await images.remove(copy).catch(() => {})
  }
}
