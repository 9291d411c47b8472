/** Handlers of kp's verbs for Images that change them. */

import { openState } from '../../../operations/resources/open-state.ts'
import { changeResource, type Verb } from '../../../operations/resources/kp/change-resource.ts'
import { checkLocalPath, imageSpec, type ImageSpecOptions } from '../../../operations/resources/kp/image-spec.ts'
import type { DocumentOptions } from '../../../operations/resources/documents/apply-documents.ts'
import { triggerImage, type TriggerOptions } from '../../../operations/resources/trigger.ts'
import type { Handler } from '../../command.ts'
import { changeOutcome } from './change-outcome.ts'

/** The values of all commands that change resources. */
export type ChangeValues = Omit<DocumentOptions, 'isPlan'> & { readonly state?: string }

export type ImageValues = ChangeValues & ImageSpecOptions & { readonly wait?: boolean }

export function runImage(verb: Verb): Handler<ImageValues> {
  return async (name, { state, wait: _, ...options }, session) => {
    const { host, context, services, remote } = session
    if (options.localPath !== undefined) await checkLocalPath(options.localPath, host.cwd)
    const change = { verb, kind: 'Image', name, spec: (before) => imageSpec(before, options, host.cwd, options.namespace ?? 'default') } satisfies Parameters<typeof changeResource<'Image'>>[0]
    const result = await changeResource(change, options, await openState(state, host), { remote, engine: services }, context)
    const texts = result.isNew ? { doing: ['Creating Image Resource...'], done: `Image Resource "${name}" created` } : { doing: ['Patching Image Resource...'], done: `Image Resource "${name}" patched` }
    return changeOutcome(result, texts, session)
  }
}

type TriggerValues = Omit<TriggerOptions, 'name' | 'isPlan'> & { readonly state?: string }

export const runTriggerImage: Handler<TriggerValues> = async (name, { state, ...options }, { host, context, services, remote }) => {
  const { failures, ...result } = await triggerImage({ name, ...options }, await openState(state, host), { remote, engine: services }, context)
  const number = /-build-(\d+)$/.exec(result.build)?.[1] ?? ''
  return {
    data: result,
    line: result.latestImage ?? '',
    text: () => `Triggered build for Image Resource "${name}" with Build Number ${number}`,
    failures,
    ...(failures.length > 0 ? { exit: 1 } : {}),
  }
}
