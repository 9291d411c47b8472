/** The kind Image. */

import { kpackKind } from '../kind.ts'
import { INTEGER, listOf, object, QUANTITY, STRING, strings } from '../fields/schema.ts'
import { imageResourceFaults, setImageDefaults } from './image-rules.ts'
import { IMAGE_STATUS, IMAGE_V1ALPHA1 } from './image-v1alpha1.ts'
import type { Image } from './image.ts'
import { BINDINGS, COSIGN, ENV, NOTARY, OBJECT_REFERENCE, POD_FIELDS, RESOURCES, SERVICES, SOURCE } from './part-schemas.ts'

const POLLING = 'kpack has no such field: it looks for new commits each minute.'

const SPEC = object({
  tag: STRING,
  additionalTags: listOf(STRING),
  builder: OBJECT_REFERENCE,
  serviceAccountName: STRING,
  source: SOURCE,
  cache: object({
    volume: object({ size: QUANTITY, storageClassName: STRING }, { request: 'Did you mean "size"?' }),
    registry: strings('tag'),
  }),
  failedBuildHistoryLimit: INTEGER,
  successBuildHistoryLimit: INTEGER,
  imageTaggingStrategy: STRING,
  projectDescriptorPath: STRING,
  defaultProcess: STRING,
  build: object({
    env: ENV,
    services: SERVICES,
    cnbBindings: BINDINGS,
    resources: RESOURCES,
    ...POD_FIELDS,
    buildTimeout: INTEGER,
    creationTime: STRING,
  }, {
    bindings: 'Write service bindings as "services"; kpack.io/v1alpha1 has "bindings".',
  }),
  cosign: COSIGN,
  notary: NOTARY,
}, {
  syncPeriod: POLLING,
  pollInterval: POLLING,
  interval: POLLING,
  serviceAccount: 'Write it as "serviceAccountName"; kpack.io/v1alpha1 has "serviceAccount".',
  cacheSize: 'Write it as "cache.volume.size"; kpack.io/v1alpha1 has "cacheSize".',
})

export const IMAGE = kpackKind<Image>({
  kind: 'Image',
  plural: 'images',
  shortNames: ['cnbimage', 'cnbimages', 'img', 'imgs'],
  isNamespaced: true,
  versions: { v1alpha2: { fields: { spec: SPEC, status: IMAGE_STATUS } }, v1alpha1: IMAGE_V1ALPHA1 },
  setDefaults: setImageDefaults,
  validate: imageResourceFaults,
  podFields: [...Object.keys(POD_FIELDS).map((name) => `spec.build.${name}`), 'spec.cache.volume.storageClassName'],
})
