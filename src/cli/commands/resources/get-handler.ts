/** Handler of `cnb get`. */

import { encodeIndentedJson } from '../../../formats/go/indented-json.ts'
import { encodeGoYaml } from '../../../formats/go/yaml.ts'
import { openState } from '../../../operations/resources/open-state.ts'
import { selectResources, type Selected, type SelectOptions } from '../../../operations/resources/select.ts'
import { watchSelected } from '../../../operations/resources/watch/watch-selected.ts'
import { evaluateJsonPath } from '../../../ui/resources/json-path.ts'
import { resourceList, resourceName, type ResourceRow } from '../../../ui/resources/resource-row.ts'
import { resourceTable } from '../../../ui/resources/resource-table.ts'
import type { HandlerOfSeveral } from '../../command.ts'

type Values = Omit<SelectOptions, 'given'> & { readonly state?: string; readonly watch?: boolean }

const JSONPATH = 'jsonpath='

export const runGet: HandlerOfSeveral<Values> = async (given, { state, watch = false, ...options }, { host, context, output, print }) => {
  const store = await openState(state, host)
  if (watch) return await printChanges(watchSelected({ given, ...options }, store, context), options, output, print)
  const selected = await selectResources({ given, ...options }, store, context)
  const rows: ResourceRow[] = selected.flatMap(({ resources }) => [...resources])
  const isOne = given.length === 1 ? given[0]!.includes('/') : given.length === 2 && !given[0]!.includes('/')
  const document = isOne && rows[0] ? rows[0] : resourceList(rows)
  const names = rows.map(resourceName).join('\n')
  const text = (): string => (output === 'name' ? names : (documentText(document, output) ?? tables(selected, options)))
  return { data: document, line: names, text, exact: output !== 'human' && output !== 'wide' }
}

/** Returns undefined for formats that are not of a document. */
function documentText(document: object, output: string): string | undefined {
  if (output.startsWith(JSONPATH)) return evaluateJsonPath(output.slice(JSONPATH.length), document)
  if (output === 'json') return encodeIndentedJson(document).trimEnd()
  return output === 'yaml' ? encodeGoYaml(document).trimEnd() : undefined
}

/** Prints as kubectl: a table with more and more rows, or a document for each resource. */
async function printChanges(changes: AsyncGenerator<Selected, never>, { allNamespaces = false }: Values, output: string, print: (text: string) => void): Promise<never> {
  const widths: number[] = []
  let documents = 0
  for (;;) {
    const { value: { kind, resources } } = await changes.next()
    const rows: readonly ResourceRow[] = resources
    if (output === 'human' || output === 'wide') {
      const lines = resourceTable(rows, { now: Date.now(), namespaces: allNamespaces && kind.isNamespaced, widths, headers: widths.length === 0 })
      if (lines.length > 0) print(lines.join('\n'))
      continue
    }
    for (const row of rows) {
      const text = output === 'name' ? resourceName(row) : (documentText(row, output) ?? '')
      print(output === 'yaml' && documents++ > 0 ? `---\n${text}` : text)
    }
  }
}

function tables(selected: readonly Selected[], { allNamespaces, namespace = 'default' }: Values): string {
  const full = selected.filter(({ resources }) => resources.length > 0)
  if (full.length === 0) return allNamespaces || selected.every(({ kind }) => !kind.isNamespaced) ? 'No resources found' : `No resources found in ${namespace} namespace.`
  return full.map(({ kind, resources }) => resourceTable(resources, { now: Date.now(), namespaces: (allNamespaces ?? false) && kind.isNamespaced, kinds: full.length > 1 }).join('\n')).join('\n\n')
}
