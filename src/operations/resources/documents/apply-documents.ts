/** Applies documents that cnb itself writes, by the checks for those of files. */

import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { AnyResource } from '../../../resources/kind.ts'
import type { Image } from '../../../resources/kinds/image.ts'
import { readResources, type ReadResource } from '../../../resources/read-resources.ts'
import type { ResourceFault } from '../../../resources/resource-fault.ts'
import { redacted } from '../../../state/redacted.ts'
import type { Store } from '../../../state/store.ts'
import { applyWanted, type ApplyResult } from '../apply.ts'
import type { ScopeOptions, ScopeServices } from '../open-scope.ts'
import type { Resources } from '../resources.ts'
import { changeFaults } from '../files/wanted.ts'
import { asWritten } from './as-written.ts'

export interface DocumentOptions extends ScopeOptions {
  /** Checks, and reports what would be stored. */
  readonly dryRun?: boolean
  readonly namespace?: string
}

export interface DocumentResult extends ApplyResult {
  /** As a user would write them, without the values of Secrets. */
  readonly documents: readonly AnyResource[]
}

/** The documents to apply. */
export interface Documents {
  /** For errors: `create the Image shop` */
  readonly what: string
  /** Returns the documents, those that others refer to first. It may depend on the stored ones. */
  readonly from: (resources: Resources) => readonly AnyResource[]
  /** Selects the images to build; default: all. */
  readonly isWanted?: (image: Image) => boolean
}

/** @throws CnbError CNB_RESOURCE_INVALID, those of `from`, and those of apply */
export async function applyDocuments({ what, from, isWanted }: Documents, options: DocumentOptions, store: Store, services: ScopeServices, context: Context): Promise<DocumentResult> {
  let read: readonly ReadResource[] = []
  const wantedFrom = (resources: Resources): readonly ReadResource[] => {
    read = check(from(resources), what, options.namespace, services.remote.host.cwd, context)
    refuse(changeFaults(read, resources), what)
    return read
  }
  const { namespace: _, ...applyOptions } = options
  const result = await applyWanted(wantedFrom, applyOptions, store, services, context, isWanted)
  return { ...result, documents: read.map(({ written }) => redacted(asWritten(written))) }
}

function check(documents: readonly AnyResource[], what: string, namespace: string | undefined, directory: string, { events }: Context): readonly ReadResource[] {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: documents })
  const { resources, warnings, faults } = readResources([{ file: OPTIONS, text, directory }], { ...(namespace === undefined ? {} : { namespace }) })
  for (const message of warnings) events?.({ type: 'warning', message: message.replace(POSITION, '') })
  refuse(faults, what)
  return resources
}

function refuse(faults: readonly ResourceFault[], what: string): void {
  const [hint] = faults.flatMap((fault) => fault.hint ?? [])
  if (faults.length > 0) throw new CnbError('CNB_RESOURCE_INVALID', `cannot ${what}: ${faults.map(({ message }) => message).join('\n')}`, hint === undefined ? {} : { hint })
}

/** Positions in these documents mean nothing to a user. */
const OPTIONS = 'the options'
const POSITION = new RegExp(`^${OPTIONS}(:\\d+)*: `)
