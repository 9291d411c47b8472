import { kpackKind } from '../kind.ts'
import type { Resource, Status } from '../resource.ts'
import { BOOLEAN, INTEGER, object, STRING, strings } from '../fields/schema.ts'
import { renaming } from './conversion.ts'
import { PULL_SECRETS, SOURCE, statusOf } from './part-schemas.ts'
import type { BlobSource, GitSource, LocalSource, RegistrySource, SourceConfig } from './parts.ts'

/** A source as it was found: `pkg/apis/core/v1alpha1/source_types.go`. One of the four kinds is set. */
export interface ResolvedSource {
  git?: GitSource & { subPath?: string; tree?: string; type: 'Unknown' | 'Branch' | 'Tag' | 'Commit' }
  blob?: BlobSource & ResolvedFiles
  registry?: RegistrySource & ResolvedFiles
  local?: LocalSource & ResolvedFiles
}

interface ResolvedFiles {
  subPath?: string
  /** The state of the files; only in `cnb` */
  digest?: string
}

/** The source of an Image: kpack makes one for each, with the name `<image>-source`. */
export type SourceResolver = Resource<{ serviceAccount?: string; source: SourceConfig }, Status & { source?: ResolvedSource }>

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
