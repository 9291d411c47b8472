/**
 * The provenance of a Build's image: a statement of in-toto with the predicate of SLSA v1.
 *
 * docs/kpack.md describes the fields.
 */

import { NAME, VERSION } from '../base/version.ts'
import { encodeGoValue } from '../formats/go/json.ts'
import { recordOf, stringOf } from '../formats/lenient-values.ts'
import { shownAddress } from '../formats/shown-address.ts'
import { hexOf, isDigest, type Digest } from '../oci/digest.ts'
import { contextName, parseReference } from '../oci/reference.ts'
import type { Build, BuildSpec } from '../resources/kinds/build.ts'

export const SLSA_PROVENANCE = 'https://slsa.dev/provenance/v1'
/** Of in-toto 0.1, as kpack and cosign write it: verifiers for both read it. */
const STATEMENT = 'https://in-toto.io/Statement/v0.1'
const PACKAGE = `pkg:npm/${NAME}`

export interface BuiltImage {
  /** Registry and repository as go-containerregistry writes them. */
  readonly repository: string
  readonly digest: Digest
  /** The `source` of the label io.buildpacks.project.metadata; undefined for a local directory. */
  readonly source: unknown
  readonly runImage?: string
  readonly lifecycleVersion?: string
}

export interface BuildRun {
  readonly startedOn?: string
  readonly finishedOn: string
  /** Whether a key signs the provenance. */
  readonly isSigned: boolean
}

/** ResourceDescriptor of in-toto. */
interface Dependency {
  readonly name: string
  readonly uri?: string
  readonly digest?: Readonly<Record<string, string>>
}

/** Encodes the statement. No address in it has a user, password or query. */
export function provenance({ metadata, spec }: Build, image: BuiltImage, { startedOn, finishedOn, isSigned }: BuildRun): Buffer {
  const { repository, digest, source, runImage, lifecycleVersion } = image
  const { namespace = 'default', name, uid = '' } = metadata
  const builder = spec.builder.image ?? ''
  return Buffer.from(encodeGoValue({
    _type: STATEMENT,
    predicateType: SLSA_PROVENANCE,
    subject: [{ name: repository, digest: { sha256: hexOf(digest) } }],
    predicate: {
      buildDefinition: {
        buildType: `${PACKAGE}@${VERSION}#kpack.io/v1alpha2/Build`,
        externalParameters: shownSpec(spec),
        internalParameters: { builderImage: builder },
        resolvedDependencies: [...sourceOf(source), ...imageOf('builder-image', builder), ...imageOf('run-image', runImage)],
      },
      runDetails: {
        builder: {
          id: `${PACKAGE}#${isSigned ? 'signed-build' : 'unsigned-build'}`,
          version: { [NAME]: VERSION, lifecycle: lifecycleVersion },
        },
        metadata: { invocationId: `${namespace}/${name}/${uid}`, startedOn, finishedOn },
      },
    },
  }))
}

/** The addresses of a spec may have credentials. */
function shownSpec(spec: BuildSpec): BuildSpec {
  const { git, blob, ...rest } = spec.source
  const shown = {
    ...(git ? { git: { ...git, url: shownAddress(git.url) } } : {}),
    ...(blob ? { blob: { ...blob, url: shownAddress(blob.url) } } : {}),
  }
  return { ...spec, source: { ...rest, ...shown } }
}

/** Reads the metadata of src/sources: git, blob or image. */
function sourceOf(source: unknown): Dependency[] {
  const { type, metadata, version } = recordOf(source)
  const { repository, url, image } = recordOf(metadata)
  const { commit, sha256sum, digest } = recordOf(version)
  const [address, algorithm, value] = type === 'git' ? [repository, 'sha1', commit] : type === 'blob' ? [url, 'sha256', sha256sum] : type === 'image' ? [image, 'sha256', digest] : []
  const [uri, hash] = [stringOf(address), stringOf(value)?.replace(/^sha256:/, '')]
  if (uri === undefined || hash === undefined || algorithm === undefined) return []
  // A repository of sha256 objects has longer commits.
  return [{ name: 'source', uri: type === 'image' ? uri : shownAddress(uri), digest: { [hash.length === 64 ? 'sha256' : algorithm]: hash } }]
}

function imageOf(name: string, image: string | undefined): Dependency[] {
  if (!image) return []
  const reference = parseReference(image)
  const { digest } = reference
  return [{ name, uri: contextName(reference), ...(digest && isDigest(digest) ? { digest: { sha256: hexOf(digest) } } : {}) }]
}
