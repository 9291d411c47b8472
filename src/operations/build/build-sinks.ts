/** Parser of --to and --publish: the sinks of a build. */

import { CnbError } from '../../base/errors.ts'
import type { Sink, SinkKind } from '../../images/sinks/sink.ts'
import { SINKS } from '../../images/sinks/sinks.ts'

export interface SinkChoice {
  to?: readonly string[]
  publish?: boolean
  /** Whether OCI layouts omit the base image's layers. */
  sparse?: boolean
}

/** Returns whether the image is saved to the engine only. */
export function isEngineOnly(sinks: readonly Sink[]): boolean {
  return sinks.every(({ store }) => store === 'engine')
}

/** Returns the forms of `--to`, the default first. */
export function sinkForms(kinds: readonly SinkKind[] = SINKS): string[] {
  return kinds.map(({ form }) => form)
}

/**
 * Parses the values of all `--to` options. The default is the engine; `--publish` is equivalent to `--to registry`.
 * @param cwd the base directory of relative directories
 * @returns the sinks, ordered by kind, each place once
 * @throws CnbError CNB_USAGE, CNB_REFERENCE_INVALID for an invalid layout name
 */
export async function parseSinks({ to = [], publish = false, sparse = false }: SinkChoice, cwd: string, kinds: readonly SinkKind[] = SINKS): Promise<readonly Sink[]> {
  const chosen = publish ? [...to, 'registry'] : to
  const wanted = chosen.length > 0 ? chosen : ['engine']
  const sinks = await Promise.all(kinds.map(async ({ form, load }) => {
    const texts = wanted.filter((text) => hasForm(text, form))
    if (texts.length === 0) return []
    const read = await load()
    return texts.map((text) => read(text, { cwd, sparse }))
  }))
  const hint = `Use ${sinkForms(kinds).map((form) => `'${form}'`).join(', ')}, or several of them separated by commas.`
  const unknown = wanted.find((text) => !kinds.some(({ form }) => hasForm(text, form)))
  if (unknown !== undefined) throw new CnbError('CNB_USAGE', `unknown --to target '${unknown}'`, { hint })
  if (sparse && !sinks.flat().some((sink) => sink.sparse)) throw new CnbError('CNB_USAGE', '--sparse requires an OCI layout', { hint })
  // One place can have several spellings: `oci:out` and `oci:./out`.
  return [...new Map(sinks.flat().map((sink) => [sink.place, sink])).values()]
}

function hasForm(text: string, form: string): boolean {
  const scheme = form.slice(0, form.indexOf(':') + 1)
  return scheme === '' ? text === form : text.startsWith(scheme)
}
