/** Signs the image of a builder (kpack's pkg/cosign). */

import type { Context } from '../../../base/events.ts'
import type { AnyBuilder } from '../../../reconcile/state.ts'
import type { BuilderStatus } from '../../../resources/kinds/builder.ts'
import type { ReconcileScope } from '../scope.ts'
import type { AccountKeys } from '../signing/account-keys.ts'
import { signImage } from '../signing/sign.ts'
import { builderAccount } from './assemble-builder.ts'

/** Returns the field of the status; without keys, none. @throws CnbError CNB_SIGNING_FAILED, CNB_REGISTRY_* */
export async function signBuilder(
  builder: AnyBuilder,
  { latestImage }: Pick<BuilderStatus, 'latestImage'>,
  { signing }: AccountKeys,
  { accounts, options }: Pick<ReconcileScope, 'accounts' | 'options'>,
  context: Context,
): Promise<Pick<BuilderStatus, 'signaturePaths'>> {
  if (latestImage === undefined || signing.length === 0) return {}
  const services = { registries: await accounts.registriesOf(builderAccount(builder)), hasReferrers: !options.kpackCompatible }
  return { signaturePaths: await signImage(latestImage, signing, {}, services, context) }
}
