/** Where a built image goes: `--to` and `--publish`. */

import { CnbError } from '../../base/errors.ts'
import type { Sink, SinkKind } from '../../images/sinks/sink.ts'
import { SINKS } from '../../images/sinks/sinks.ts'

export interface SinkChoice {
  to?: readonly string[]
  publish?: boolean
  /** Whether layouts go without the base image's layers. */
  sparse?: boolean
}

/** Whether nothing but the engine gets the image. */
export function isEngineOnly(sinks: readonly Sink[]): boolean {
  return sinks.every(({ store }) => store === 'engine')
}

/** The forms that `--to` takes, the default first. */
export function sinkForms(kinds: readonly SinkKind[] = SINKS): string[] {
  return kinds.map(({ form }) => form)
}

/**
 * The values of all `--to` options; the engine alone when there is none. `--publish` is another word for `--to registry`.
 * @param cwd what a relative directory starts from
 * @returns the sinks, ordered by kind
 * @throws CnbError CNB_USAGE, CNB_REFERENCE_INVALID for what names no layout
 */
export async function parseSinks({ to = [], publish = false, sparse = false }: SinkChoice, cwd: string, kinds: readonly SinkKind[] = SINKS): Promise<readonly Sink[]> {
  const chosen = [...new Set([...to, ...(publish ? ['registry'] : [])])]
  const wanted = chosen.length > 0 ? chosen : ['engine']
  const sinks = await Promise.all(kinds.map(async ({ form, load }) => {
    const texts = wanted.filter((text) => hasForm(text, form))
    if (texts.length === 0) return []
    const read = await load()
    return texts.map((text) => read(text, { cwd, sparse }))
  }))
  const hint = `Use ${sinkForms(kinds).map((form) => `'${form}'`).join(', ')}, or several of them with commas between.`
  if (sparse && !sinks.flat().some((sink) => sink.sparse)) throw new CnbError('CNB_USAGE', '--sparse is for OCI layouts, and there is none', { hint })
  const unknown = wanted.find((text) => !kinds.some(({ form }) => hasForm(text, form)))
  if (unknown !== undefined) throw new CnbError('CNB_USAGE', `--to '${unknown}' is no place for an image`, { hint })
  return sinks.flat()
}

function hasForm(text: string, form: string): boolean {
  const scheme = form.slice(0, form.indexOf(':') + 1)
  return scheme === '' ? text === form : text.startsWith(scheme)
}
