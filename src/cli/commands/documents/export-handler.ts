/** Handler of `cnb export`. */

import { resolve } from 'node:path'
import { cannotWrite, writeFileAtomically } from '../../../base/files.ts'
import { exportResources, formatExport, type ExportOptions } from '../../../operations/resources/documents/export.ts'
import { openState } from '../../../operations/resources/open-state.ts'
import { resourceList } from '../../../ui/resources/resource-row.ts'
import type { HandlerOfSeveral } from '../../command.ts'

type Values = Omit<ExportOptions, 'given'> & { readonly state?: string; readonly outputFile?: string }

const PRIVATE = 0o600
const READABLE = 0o644

export const runExport: HandlerOfSeveral<Values> = async (given, { state, outputFile, ...options }, { host, context, output }) => {
  const result = await exportResources({ given, ...options }, await openState(state, host), context)
  const warn = (message: string): void => context.events?.({ type: 'warning', message })
  for (const { resource: { kind, metadata }, refusals } of result.resources) for (const why of refusals) warn(`a cluster refuses ${kind} ${metadata.name}: ${why}`)
  if (result.isRedacted) warn("the values of Secrets are redacted: '--with-secrets' writes them")
  const data = resourceList(result.resources.map(({ resource }) => resource))
  const text = output === 'json' ? `${JSON.stringify(data, undefined, 2)}\n` : formatExport(result)
  if (outputFile === undefined) return { data, line: text.trimEnd(), text: () => text.trimEnd(), exact: true }
  const path = resolve(host.cwd, outputFile)
  await writeFileAtomically(path, text, options.withSecrets ? PRIVATE : READABLE).catch((error: unknown) => cannotWrite(path, error))
  return { data: { file: path }, line: path, text: () => `Wrote ${result.resources.length} resources to ${outputFile}` }
}
