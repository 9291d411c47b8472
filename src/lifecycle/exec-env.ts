/** Execution environments: production, test, … (specification, buildpack.md "Execution Environments"). */

import { CnbError } from '../base/errors.ts'
import type { EventSink } from '../base/events.ts'
import { hasFeature, sinceApi } from '../formats/api-features.ts'
import { type ApiVersion, formatApiVersion } from '../formats/versions.ts'
import { EXEC_ENV_LABEL } from '../images/labels/label-names.ts'
import { labelOf, type Labelled } from '../images/labels/read-labels.ts'

/** The environment of an image without the label, and of a build with a Platform API that does not support others. */
export const DEFAULT_EXEC_ENV = 'production'

/** The same restriction as in pack; the specification only forbids a slash. */
const NAME = /^[a-zA-Z0-9.-]+$/

/**
 * Returns a valid `--exec-env` value unchanged.
 * @throws CnbError CNB_USAGE
 */
export function parseExecEnv(text: string): string {
  if (NAME.test(text)) return text
  throw new CnbError('CNB_USAGE', `--exec-env '${text}' is not the name of an execution environment`, {
    hint: "Use letters, digits, '.' and '-', such as 'test'.",
  })
}

/** Returns `wanted`, or, with a warning, the default for a Platform API before 0.15, which has no execution environments. */
export function execEnvFor(api: ApiVersion, wanted: string, events: EventSink | undefined): string {
  if (hasFeature(api, 'execEnv') || wanted === DEFAULT_EXEC_ENV) return wanted
  const message = `--exec-env requires Platform API ${sinceApi('execEnv')}, but this builder has ${formatApiVersion(api)}: building for ${DEFAULT_EXEC_ENV}`
  events?.({ type: 'warning', message })
  return DEFAULT_EXEC_ENV
}

/** Whether `previous` has another execution environment: then only its store.toml is restored (platform.md "Layer Restoration"). */
export function isForOtherUse(previous: Labelled | undefined, { execEnv }: { readonly execEnv: string }): boolean {
  return previous !== undefined && (labelOf(previous, EXEC_ENV_LABEL) || DEFAULT_EXEC_ENV) !== execEnv
}
