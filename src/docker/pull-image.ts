/** Pulls an image through the engine. */

import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { formatPlatform } from '../oci/platform.ts'
import { parseReference } from '../oci/reference.ts'
import type { EngineClient } from './connection/client.ts'
import type { PullOptions } from './engine.ts'
import { EngineRefusal } from './engine-errors.ts'
import { readJsonLines } from './json-lines.ts'

/**
 * Pulls `reference` with `pull.*` events. An engine accepts an image for a single platform even if another is requested; callers must
 * compare the platform that `inspect` returns.
 * @throws CnbError CNB_IMAGE_NOT_FOUND, CNB_PULL_FAILED, CNB_PLATFORM_MISMATCH, CNB_ENGINE_*
 */
export async function pull(client: EngineClient, reference: string, options: PullOptions = {}, context: Context = {}): Promise<void> {
  const { registry, repository, tag, digest } = parseReference(reference)
  const { events, signal } = context
  const platform = options.platform && formatPlatform(options.platform)
  const query = { fromImage: `${registry}/${repository}`, tag: digest ?? tag, platform }
  const task = `cannot pull ${reference}`
  const start = performance.now()
  const end = (outcome: { failed?: true }): void => events?.({ type: 'pull.end', reference, durationMs: performance.now() - start, ...outcome })
  events?.({ type: 'pull.start', reference })
  try {
    const reply = await client.stream({ task, method: 'POST', path: '/images/create', query, auth: options.auth, signal })
    for await (const { id, status, progressDetail } of readJsonLines(reply, task)) {
      // The first line has the tag in place of a layer.
      if (id === undefined || status?.startsWith('Pulling from ')) continue
      events?.({ type: 'pull.progress', reference, layer: id, status: status ?? '', ...progressDetail })
    }
  } catch (error) {
    end({ failed: true })
    throw pullError(error, reference, platform)
  }
  end({})
}

/** An engine reports most failures of a pull with status 404 or 500, or in the body; only the registry's message distinguishes them. */
function pullError(error: unknown, reference: string, platform: string | undefined): unknown {
  if (!(error instanceof EngineRefusal) || error.code !== 'CNB_ENGINE_FAILED') return error
  const { words, status, message } = error
  if (/no matching manifest|no match for platform|does not match the specified platform/i.test(words)) {
    const hint = `Use an image for ${platform ?? "the engine's platform"}.`
    return new CnbError('CNB_PLATFORM_MISMATCH', message, { cause: error, hint })
  }
  const denied = status === 401 || status === 403 || /denied|unauthorized|authentication required|no basic auth/i.test(words)
  const hint = denied ? `Log in to that registry: 'docker login ${parseReference(reference).registry}'.` : undefined
  const missing = status === 404 || /manifest[ _]unknown|name[ _]unknown|manifest for .* not found/i.test(words)
  if (missing && status !== 401 && status !== 403) {
    return new CnbError('CNB_IMAGE_NOT_FOUND', message, { cause: error, hint: hint ?? 'Check the name and the tag.' })
  }
  return new CnbError('CNB_PULL_FAILED', message, { cause: error, hint: hint ?? 'Check the network and the name, and try again.' })
}
