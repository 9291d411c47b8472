import type { Image } from '../resources/kinds/image.ts'
import type { OwnerReference } from '../resources/resource.ts'

/** Returns the reference from a resource to the Image that made it, as knative's kmeta/owner_references.go. */
export function ownerReference({ apiVersion, kind, metadata: { name, uid = '' } }: Image): OwnerReference {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }
}
