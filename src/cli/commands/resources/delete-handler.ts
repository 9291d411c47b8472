/** Handler of `cnb delete`. */

import { CnbError } from '../../../base/errors.ts'
import { readWanted } from '../../../operations/resources/files/wanted.ts'
import { openState } from '../../../operations/resources/open-state.ts'
import { resourceWord, subjectOf } from '../../../operations/resources/resource-word.ts'
import { deleteFiles, deleteResources, type SelectOptions } from '../../../operations/resources/select.ts'
import type { HandlerOfSeveral } from '../../command.ts'

type Values = Omit<SelectOptions, 'given'> & { readonly state?: string; readonly files?: readonly string[] }

export const runDelete: HandlerOfSeveral<Values> = async (given, { state, files = [], ...options }, { host, context, input }) => {
  const isOfFiles = files.length > 0
  if (isOfFiles && (given.length > 0 || options.selector !== undefined || options.allNamespaces)) {
    throw new CnbError('CNB_USAGE', 'cannot select resources by files and by names or labels', { hint: 'Run the command once for each.' })
  }
  const store = await openState(state, host)
  const { namespace } = options
  const deleted = isOfFiles
    ? await deleteFiles(await readWanted({ files, ...(namespace === undefined ? {} : { namespace }), lenient: true }, host.cwd, input, context), store, context)
    : await deleteResources({ given, ...options }, store, context)
  const resources = deleted.map(subjectOf)
  return {
    data: { resources },
    line: resources.map(resourceWord).join('\n'),
    text: () => (resources.length === 0 ? 'No resources found' : resources.map((each) => `${resourceWord(each)} deleted`).join('\n')),
  }
}
