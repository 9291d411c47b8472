/** Handler of `cnb get`. */

import { encodeIndentedJson } from '../../../formats/go/indented-json.ts'
import { encodeGoYaml } from '../../../formats/go/yaml.ts'
import { openState } from '../../../operations/resources/open-state.ts'
import { selectResources, type Selected, type SelectOptions } from '../../../operations/resources/select.ts'
import { evaluateJsonPath } from '../../../ui/resources/json-path.ts'
import { resourceList, resourceName, type ResourceRow } from '../../../ui/resources/resource-row.ts'
import { resourceTable } from '../../../ui/resources/resource-table.ts'
import type { HandlerOfSeveral } from '../../command.ts'

type Values = Omit<SelectOptions, 'given'> & { readonly state?: string }

const JSONPATH = 'jsonpath='

export const runGet: HandlerOfSeveral<Values> = async (given, { state, ...options }, { host, context, output }) => {
  const selected = await selectResources({ given, ...options }, await openState(state, host), context)
  const rows: ResourceRow[] = selected.flatMap(({ resources }) => [...resources])
  const isOne = given.length === 1 ? given[0]!.includes('/') : given.length === 2 && !given[0]!.includes('/')
  const document = isOne && rows[0] ? rows[0] : resourceList(rows)
  const text = (): string => {
    if (output.startsWith(JSONPATH)) return evaluateJsonPath(output.slice(JSONPATH.length), document)
    switch (output) {
      case 'json':
        return encodeIndentedJson(document).trimEnd()
      case 'yaml':
        return encodeGoYaml(document).trimEnd()
      case 'name':
        return rows.map(resourceName).join('\n')
      default:
        return tables(selected, options)
    }
  }
  return { data: document, line: rows.map(resourceName).join('\n'), text, exact: output !== 'human' && output !== 'wide' }
}

function tables(selected: readonly Selected[], { allNamespaces, namespace = 'default' }: Values): string {
  const full = selected.filter(({ resources }) => resources.length > 0)
  if (full.length === 0) return allNamespaces || selected.every(({ kind }) => !kind.isNamespaced) ? 'No resources found' : `No resources found in ${namespace} namespace.`
  return full.map(({ kind, resources }) => resourceTable(resources, { now: Date.now(), namespaces: (allNamespaces ?? false) && kind.isNamespaced, kinds: full.length > 1 }).join('\n')).join('\n\n')
}
