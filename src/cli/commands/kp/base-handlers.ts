/** Handlers of kp's verbs for stacks, stores, lifecycles, buildpacks and builders. */

import {
  addedToStore, imageOnlySpec, removedFromStore, stackSpec, type ImageOptions, type StackOptions, type StoreOptions,
} from '../../../operations/resources/kp/base-specs.ts'
import { builderSpec, clusterBuilderSpec, readOrder, type BuilderOptions } from '../../../operations/resources/kp/builder-spec.ts'
import { changeResource, type ResourceChange, type Verb } from '../../../operations/resources/kp/change-resource.ts'
import { stackIdOf } from '../../../operations/resources/kp/read-image.ts'
import { openState } from '../../../operations/resources/open-state.ts'
import type { Outcome } from '../../../ui/reporter.ts'
import type { CommandContext, Handler } from '../../command.ts'
import type { ChangeValues } from './change-handlers.ts'
import { changeOutcome, type ChangeTexts } from './change-outcome.ts'
import type { Noun } from './nouns.ts'

type ClusterValues = Omit<ChangeValues, 'namespace'>

type Kind = 'ClusterStack' | 'ClusterStore' | 'ClusterLifecycle' | 'ClusterBuildpack' | 'Builder' | 'ClusterBuilder'

async function change<Name extends Kind>(wanted: ResourceChange<Name>, { state, ...options }: ChangeValues, session: CommandContext, doing?: string): Promise<Outcome> {
  const { host, context, services, remote } = session
  const result = await changeResource(wanted, options, await openState(state, host), { remote, engine: services }, context)
  return changeOutcome(result, textsOf(wanted, result.isNew, doing), session)
}

/** kp says that it updates the resources of the cluster, and that it patches builders. */
function textsOf({ kind, name }: { readonly kind: Kind; readonly name: string }, isNew: boolean, doing?: string): ChangeTexts {
  if (kind === 'Builder' || kind === 'ClusterBuilder') return { done: `${kind} "${name}" ${isNew ? 'created' : 'patched'}` }
  return { doing: [isNew ? `Creating ${kind}...` : (doing ?? `Updating ${kind}...`)], done: `${kind} "${name}" ${isNew ? 'created' : 'updated'}` }
}

export function runStack(verb: Verb): Handler<ClusterValues & StackOptions> {
  return async (name, values, session) => {
    const id = await stackIdOf(values, values, session.remote, session.context)
    return change({ verb, kind: 'ClusterStack', name, spec: (before) => stackSpec(before, values, id) }, values, session)
  }
}

export function runStore(verb: Verb): Handler<ClusterValues & StoreOptions> {
  return async (name, values, session) => change({ verb, kind: 'ClusterStore', name, spec: (before) => addedToStore(before, values) }, values, session, 'Adding to ClusterStore...')
}

export const runRemoveFromStore: Handler<ClusterValues & Pick<StoreOptions, 'buildpackages'>> = async (name, values, session) =>
  change({ verb: 'patch', kind: 'ClusterStore', name, spec: (before) => removedFromStore(before, values) }, values, session, 'Removing Buildpackages...')

export function runImageOnly({ kind }: Noun, verb: Verb): Handler<ClusterValues & ImageOptions> {
  const isBuildpack = kind === 'ClusterBuildpack'
  return async (name, values, session) =>
    change({ verb, kind: isBuildpack ? 'ClusterBuildpack' : 'ClusterLifecycle', name, spec: (before) => imageOnlySpec(before, values) }, values, session)
}

export function runClusterBuilder(verb: Verb): Handler<ClusterValues & BuilderOptions> {
  return async (name, values, session) => {
    const order = await readOrder(values, session.remote, session.input, session.context)
    return change({ verb, kind: 'ClusterBuilder', name, spec: (before) => clusterBuilderSpec(before, values, order) }, values, session)
  }
}

export function runBuilder(verb: Verb): Handler<ChangeValues & Omit<BuilderOptions, 'serviceAccountNamespace'>> {
  return async (name, values, session) => {
    const order = await readOrder(values, session.remote, session.input, session.context)
    return change({ verb, kind: 'Builder', name, spec: (before) => builderSpec(before, values, order) }, values, session)
  }
}
