/** The result of a change as kp prints it. */

import { encodeIndentedJson } from '../../../formats/go/indented-json.ts'
import { encodeGoYaml } from '../../../formats/go/yaml.ts'
import type { DocumentResult } from '../../../operations/resources/documents/apply-documents.ts'
import type { Outcome } from '../../../ui/reporter.ts'
import type { CommandContext } from '../../command.ts'

export interface ChangeTexts {
  /** `Creating ClusterStack...`; some of kp's commands have none, `import` has one for each resource. */
  readonly doing?: readonly string[]
  /** `ClusterStack "base" created` */
  readonly done: string
}

/** In YAML and JSON, the outcome is the resource alone, as in kp; otherwise kp's messages. */
export function changeOutcome({ documents, resources, dryRun, failures }: DocumentResult, { doing = [], done }: ChangeTexts, { output }: Pick<CommandContext, 'output'>): Outcome {
  const isSame = resources.every(({ change }) => change === 'unchanged')
  const suffix = dryRun ? ' (dry run)' : isSame ? ' (no change)' : ''
  const messages = [...doing.map((line) => `${line}${dryRun ? ' (dry run)' : ''}`), `${done}${suffix}`]
  const text = (): string => {
    if (output === 'yaml') return documents.map(encodeGoYaml).join('---\n').trimEnd()
    if (output === 'json') return documents.map((document) => encodeIndentedJson(document)).join('').trimEnd()
    return messages.join('\n')
  }
  return {
    data: { dryRun, resources },
    line: resources.map(({ latestImage, name }) => latestImage ?? name).join('\n'),
    text,
    exact: output !== 'human',
    failures,
    ...(failures.length > 0 ? { exit: 1 } : {}),
  }
}
