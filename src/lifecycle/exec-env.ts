/** What an image is built for: production, test, development, … (specification, buildpack.md "Execution Environments"). */

import { CnbError } from '../base/errors.ts'
import type { EventSink } from '../base/events.ts'
import { hasFeature, sinceApi } from '../formats/api-features.ts'
import { type ApiVersion, formatApiVersion } from '../formats/versions.ts'
import { EXEC_ENV_LABEL } from '../images/labels/labels.ts'
import { labelOf, type Labelled } from '../images/labels/read-labels.ts'

/** What an image is for that does not say, and a build whose lifecycle knows nothing else. */
export const DEFAULT_EXEC_ENV = 'production'

/** As in pack; what the specification forbids is a slash. */
const NAME = /^[a-zA-Z0-9.-]+$/

/**
 * A `--exec-env` value.
 * @throws CnbError CNB_USAGE
 */
export function parseExecEnv(text: string): string {
  if (NAME.test(text)) return text
  throw new CnbError('CNB_USAGE', `--exec-env '${text}' is not the name of an execution environment`, {
    hint: "Use letters, digits, '.' and '-', such as 'test'.",
  })
}

/** What a lifecycle of this Platform API builds for when `wanted` is asked for: those before 0.15 have no choice. */
export function execEnvFor(api: ApiVersion, wanted: string, events: EventSink | undefined): string {
  if (hasFeature(api, 'execEnv') || wanted === DEFAULT_EXEC_ENV) return wanted
  const message = `--exec-env needs Platform API ${sinceApi('execEnv')}, this builder has ${formatApiVersion(api)}: the image is for ${DEFAULT_EXEC_ENV}`
  events?.({ type: 'warning', message })
  return DEFAULT_EXEC_ENV
}

/** Whether `previous` was built for something else: then nothing but store.toml is taken over from it (platform.md "Layer Restoration"). */
export function isForOtherUse(previous: Labelled | undefined, { execEnv }: { readonly execEnv: string }): boolean {
  return previous !== undefined && (labelOf(previous, EXEC_ENV_LABEL) || DEFAULT_EXEC_ENV) !== execEnv
}
