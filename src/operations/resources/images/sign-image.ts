/** Signs the image of a Build (kpack's cmd/completion), and states its provenance (kpack's pkg/slsa). */

import type { Context } from '../../../base/events.ts'
import { PROJECT_METADATA_LABEL } from '../../../images/labels/label-names.ts'
import { readLabels } from '../../../images/labels/read-labels.ts'
import { contextName, parseReference } from '../../../oci/reference.ts'
import { BUILD_NUMBER } from '../../../reconcile/state.ts'
import { rfc3339, tagTime } from '../../../reconcile/times.ts'
import type { Build, BuildStatus } from '../../../resources/kinds/build.ts'
import { provenance, type BuiltImage } from '../../../signing/provenance.ts'
import { findResourceImage, type ResourceServices } from '../builders/resource-images.ts'
import type { AccountKeys } from '../signing/account-keys.ts'
import { attestImage, signImage, type SignServices } from '../signing/sign.ts'

export interface BuildSigning extends SignServices, ResourceServices {
  /** Whether the provenance is stored. */
  readonly slsa?: boolean | undefined
  readonly now: () => Date
}

/**
 * Signs the image with all keys, and returns the complete status.
 * @throws CnbError CNB_SIGNING_FAILED, CNB_REGISTRY_*: the image is pushed, and its signatures may be incomplete
 */
export async function signBuiltImage(build: Build, status: BuildStatus, { signing, provenance: provers }: AccountKeys, services: BuildSigning, context: Context): Promise<BuildStatus> {
  const { latestImage } = status
  if (latestImage === undefined) return status
  if (signing.length > 0) {
    await signImage(latestImage, signing, annotationsOf(build), services, context)
    report(`Signed ${latestImage} with the keys of`, signing, context)
  }
  if (!services.slsa) return status
  const image = await builtImage(latestImage, status, services, context)
  const run = { startedOn: build.metadata.creationTimestamp, finishedOn: rfc3339(services.now()), isSigned: provers.length > 0 }
  const latestAttestationImage = await attestImage(latestImage, provenance(build, image, run), provers, services, context)
  report(`Stored the provenance of ${latestImage}, ${provers.length > 0 ? 'signed with the keys of' : 'without a signature'}`, provers, context)
  return { ...status, latestAttestationImage }
}

function report(what: string, keys: readonly { readonly name: string }[], { events }: Context): void {
  events?.({ type: 'info', message: keys.length === 0 ? what : `${what} Secret ${keys.map(({ name }) => name).join(', ')}` })
}

/** As in kpack, those of the Image win. */
function annotationsOf({ metadata, spec }: Build): Record<string, string> {
  const own = (spec.cosign?.annotations ?? []).map(({ name, value }) => [name, value] as const)
  return { buildTimestamp: tagTime(new Date(metadata.creationTimestamp ?? 0)), buildNumber: metadata.labels?.[BUILD_NUMBER] ?? '', ...Object.fromEntries(own) }
}

async function builtImage(name: string, { stack, lifecycleVersion }: BuildStatus, services: ResourceServices, context: Context): Promise<BuiltImage> {
  const image = await findResourceImage(name, services, context)
  const { digest } = image.manifest.descriptor
  return {
    repository: contextName(parseReference(name)),
    digest,
    source: readLabels(image, [PROJECT_METADATA_LABEL]).table(PROJECT_METADATA_LABEL)?.value('source'),
    ...(stack?.runImage === undefined ? {} : { runImage: stack.runImage }),
    ...(lifecycleVersion === undefined ? {} : { lifecycleVersion }),
  }
}
