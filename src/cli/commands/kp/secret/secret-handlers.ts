/** Handlers of kp's verbs for Secrets. */

import { createSecret, deleteSecret, listSecrets, type AccountName, type SecretOptions } from '../../../../operations/resources/kp/secrets.ts'
import { openState } from '../../../../operations/resources/open-state.ts'
import type { Handler } from '../../../command.ts'
import { changeOutcome } from '../change-outcome.ts'
import { kpTable } from '../kp-text.ts'

type CreateValues = Omit<SecretOptions, 'name' | 'isPlan'> & { readonly state?: string }
type AccountValues = AccountName & { readonly state?: string }

export const runCreateSecret: Handler<CreateValues> = async (name, { state, ...options }, session) => {
  const { host, context, services, remote, input } = session
  const result = await createSecret({ name, ...options }, await openState(state, host), { remote, engine: services }, input, context)
  return changeOutcome(result, { done: `Secret "${name}" created for ${result.target}` }, session)
}

export const runListSecrets: Handler<AccountValues> = async (_argument, { state, ...account }, { host, context }) => {
  const secrets = await listSecrets(account, await openState(state, host), context)
  const rows = secrets.map(({ name, target, isAvailable }) => [name, target, String(isAvailable)])
  return { data: { secrets }, line: secrets.map(({ name }) => name).join('\n'), text: () => kpTable(['NAME', 'TARGET', 'AVAILABLE'], rows).join('\n').trimEnd() }
}

export const runDeleteSecret: Handler<AccountValues> = async (name, { state, ...account }, { host, context }) => {
  await deleteSecret({ name, ...account }, await openState(state, host), context)
  return { data: { kind: 'Secret', name }, line: name, text: () => `Secret "${name}" deleted` }
}
