/** Parser of --annotation, in the syntax of `docker buildx build`. */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Sink } from '../../../images/sinks/sink.ts'
import type { BuildStart } from '../../../lifecycle/lifecycle.ts'

/** The destination of the image. */
interface AnnotatedTarget {
  /** Empty for the engine. */
  readonly sinks: readonly Pick<Sink, 'store'>[]
  /** Whether the image is a part of an index. */
  readonly isIndex: boolean
}

const HINT = "Use 'NAME=VALUE', 'manifest:NAME=VALUE' or 'index:NAME=VALUE'."

/**
 * Parses `[TYPE[,TYPE]:]NAME=VALUE`; the type is `manifest` by default. The last value of a name wins. Returns undefined without values.
 * @throws CnbError CNB_USAGE; CNB_UNSUPPORTED if only the engine gets the image, because engines drop annotations
 */
export function parseAnnotations(values: readonly string[], { sinks, isIndex }: AnnotatedTarget, context: Context): BuildStart['annotations'] {
  if (values.length === 0) return undefined
  const places = { manifest: new Map<string, string>(), index: new Map<string, string>() }
  for (const text of values) {
    const [, types = 'manifest', name = '', value = ''] = /^(?:([a-z,[\]/0-9-]+):)?([^=:\0]+)=([^\0]*)$/s.exec(text) ?? []
    if (name.trim() === '') throw invalid(text, 'expected NAME=VALUE')
    for (const type of types.split(',')) {
      if (type !== 'manifest' && type !== 'index') throw invalid(text, `the type '${type}' is neither manifest nor index`)
      if (type === 'index' && !isIndex) throw invalid(text, 'only a build for several platforms makes an index')
      places[type].set(name, value)
    }
  }
  const toEngine = sinks.length === 0 || sinks.some(({ store }) => store === 'engine')
  if (toEngine && sinks.every(({ store }) => store === 'engine')) {
    throw new CnbError('CNB_UNSUPPORTED', '--annotation has no effect on an engine, which does not keep the annotations of an image', {
      hint: 'Publish the image (--publish), save it with --to oci:DIR, or use --label.',
    })
  }
  if (toEngine) context.events?.({ type: 'warning', message: "the image on the engine has no annotations, and so another digest: engines do not keep them" })
  return { manifest: Object.fromEntries(places.manifest), index: Object.fromEntries(places.index) }
}

function invalid(text: string, cause: string): CnbError {
  return new CnbError('CNB_USAGE', `invalid --annotation '${text}': ${cause}`, { hint: HINT })
}
