import { kpackKind } from '../kind.ts'
import type { Resource, Status } from '../resource.ts'
import { BOOLEAN, INTEGER, object, STRING, strings } from '../fields/schema.ts'
import { renaming } from './conversion.ts'
import { PULL_SECRETS, SOURCE, statusOf } from './part-schemas.ts'
import type { SourceConfig } from './parts.ts'

/** What kpack creates for each Image; `cnb` reads it, but has no use for it. */
export type SourceResolver = Resource<{ serviceAccount?: string; source: SourceConfig }, Status & { source?: unknown }>

const SPEC = object({ serviceAccount: STRING, source: SOURCE })

const STATUS = statusOf({
  source: object({
    git: object({ url: STRING, revision: STRING, subPath: STRING, tree: STRING, type: STRING, initializeSubmodules: BOOLEAN }),
    blob: object({ ...strings('url', 'auth', 'subPath').fields, stripComponents: INTEGER }),
    registry: object({ image: STRING, subPath: STRING, imagePullSecrets: PULL_SECRETS }),
  }),
})

export const SOURCE_RESOLVER = kpackKind<SourceResolver>({
  kind: 'SourceResolver',
  plural: 'sourceresolvers',
  shortNames: [],
  isNamespaced: true,
  versions: { v1alpha2: { fields: { spec: SPEC, status: STATUS } }, v1alpha1: { fields: { spec: SPEC, status: STATUS }, convert: renaming({}) } },
})
