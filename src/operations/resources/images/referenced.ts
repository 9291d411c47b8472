/** The Secrets and ConfigMaps that builds read: a failed build is tried again when they change. */

import type { Image } from '../../../resources/kinds/image.ts'
import { fingerprint, secretContent } from '../accounts.ts'
import type { Resources } from '../resources.ts'

/** Returns a fingerprint of them, and of the service accounts that make a Secret unusable; none for an Image without references. */
export function referencedFingerprint({ spec, metadata: { namespace } }: Image, resources: Resources): { readonly references?: string } {
  const { env = [], services = [], cnbBindings = [] } = spec.build ?? {}
  const maps = [...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name), ...cnbBindings.map(({ metadataRef }) => metadataRef?.name)].filter(isName)
  const secrets = [...services.map(({ name }) => name), ...cnbBindings.map(({ secretRef }) => secretRef?.name)].filter(isName)
  if (maps.length + secrets.length === 0) return {}
  const accounts = resources.list('ServiceAccount').filter((account) => account.metadata.namespace === namespace)
  return {
    references: fingerprint([
      maps.map((name) => [name, resources.find('ConfigMap', { name, namespace })?.data]),
      secrets.map((name) => [name, secretContent(resources.find('Secret', { name, namespace })), accounts.some((account) => (account.secrets ?? []).some((each) => each.name === name))]),
    ]),
  }
}

function isName(name: string | undefined): name is string {
  return name !== undefined && name !== ''
}
