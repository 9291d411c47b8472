/** Schemas of parts of several kinds, with all fields of the Go types. */

import { ANY, BOOLEAN, INTEGER, listOf, mapOf, object, QUANTITY, STRING, strings, type Schema } from '../fields/schema.ts'

export const OBJECT_REFERENCE = strings('apiVersion', 'kind', 'namespace', 'name', 'uid', 'resourceVersion', 'fieldPath')
export const IMAGE_SOURCE = strings('image')
export const PULL_SECRETS = listOf(strings('name'))

export const SOURCE = object({
  git: object({ url: STRING, revision: STRING, initializeSubmodules: BOOLEAN }, {
    branch: 'Write the branch as "revision".',
    tag: 'Write the tag as "revision".',
    commit: 'Write the commit as "revision".',
  }),
  blob: object({ url: STRING, auth: STRING, stripComponents: INTEGER }),
  registry: object({ image: STRING, imagePullSecrets: PULL_SECRETS }),
  local: strings('path'),
  subPath: STRING,
})

const SELECTED = { name: STRING, key: STRING, optional: BOOLEAN }

export const ENV = listOf(object({
  name: STRING,
  value: STRING,
  valueFrom: object({
    configMapKeyRef: object(SELECTED),
    fieldRef: strings('apiVersion', 'fieldPath'),
    secretKeyRef: object(SELECTED),
    resourceFieldRef: object({ containerName: STRING, resource: STRING, divisor: QUANTITY }),
    fileKeyRef: object({ volumeName: STRING, path: STRING, key: STRING, optional: BOOLEAN }),
  }),
}))

export const RESOURCES = object({ limits: mapOf(QUANTITY), requests: mapOf(QUANTITY), claims: listOf(strings('name', 'request')) })
export const SERVICES = listOf(OBJECT_REFERENCE)
export const BINDINGS = listOf(object({ name: STRING, metadataRef: strings('name'), secretRef: strings('name') }))
export const COSIGN = object({ annotations: listOf(strings('name', 'value')) })
export const NOTARY = object({ v1: object({ url: STRING, secretRef: strings('name') }) })

const REQUIREMENTS = listOf(object({ key: STRING, operator: STRING, values: listOf(STRING) }))
const NODE_TERM = object({ matchExpressions: REQUIREMENTS, matchFields: REQUIREMENTS })
const LABELS = object({ matchLabels: mapOf(STRING), matchExpressions: REQUIREMENTS })
const POD_TERM = object({
  labelSelector: LABELS,
  namespaces: listOf(STRING),
  topologyKey: STRING,
  namespaceSelector: LABELS,
  matchLabelKeys: listOf(STRING),
  mismatchLabelKeys: listOf(STRING),
})
const POD_AFFINITY = object({
  requiredDuringSchedulingIgnoredDuringExecution: listOf(POD_TERM),
  preferredDuringSchedulingIgnoredDuringExecution: listOf(object({ weight: INTEGER, podAffinityTerm: POD_TERM })),
})

/** Where pods run: fields that one machine has no use for. */
export const POD_FIELDS: Readonly<Record<string, Schema>> = {
  tolerations: listOf(object({ key: STRING, operator: STRING, value: STRING, effect: STRING, tolerationSeconds: INTEGER })),
  nodeSelector: mapOf(STRING),
  affinity: object({
    nodeAffinity: object({
      requiredDuringSchedulingIgnoredDuringExecution: object({ nodeSelectorTerms: listOf(NODE_TERM) }),
      preferredDuringSchedulingIgnoredDuringExecution: listOf(object({ weight: INTEGER, preference: NODE_TERM })),
    }),
    podAffinity: POD_AFFINITY,
    podAntiAffinity: POD_AFFINITY,
  }),
  runtimeClassName: STRING,
  schedulerName: STRING,
}

const CONDITIONS = listOf(strings('type', 'status', 'severity', 'lastTransitionTime', 'reason', 'message'))

/** Returns the schema of a status with the fields that every status has. */
export function statusOf(fields: Readonly<Record<string, Schema>>): Schema {
  return object({ observedGeneration: INTEGER, conditions: CONDITIONS, ...fields })
}

export const BUILDPACK_METADATA = listOf(strings('id', 'version', 'homepage'))
export const BUILD_STACK = strings('runImage', 'id')
export const RESOLVED_IMAGE = strings('latestImage', 'image')
export const ORDER = listOf(object({ group: listOf(object({ id: STRING, version: STRING, optional: BOOLEAN })) }))

const API_VERSIONS = object({ deprecated: listOf(STRING), supported: listOf(STRING) })

export const LIFECYCLE_STATUS: Readonly<Record<string, Schema>> = {
  image: RESOLVED_IMAGE,
  version: STRING,
  api: strings('buildpack', 'platform'),
  apis: object({ buildpack: API_VERSIONS, platform: API_VERSIONS }),
}

/** Status of ClusterStore, Buildpack and ClusterBuildpack. */
export const BUILDPACKS_STATUS = statusOf({
  buildpacks: listOf(object({
    id: STRING,
    version: STRING,
    buildpackage: strings('id', 'version', 'homepage'),
    storeImage: IMAGE_SOURCE,
    diffId: STRING,
    digest: STRING,
    size: INTEGER,
    api: STRING,
    homepage: STRING,
    order: ORDER,
    stacks: listOf(object({ id: STRING, mixins: listOf(STRING) })),
  })),
})

export const STEP_STATES = listOf(object({ waiting: ANY, running: ANY, terminated: ANY }))
