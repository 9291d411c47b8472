/** The Build that an Image makes: `pkg/apis/build/v1alpha2/image_builds.go` of kpack. */

import { encodeGoValue } from '../formats/go/json.ts'
import { list, pointer, scalar, struct, text } from '../formats/go/shape.ts'
import type { Build, BuildSpec, LastBuild } from '../resources/kinds/build.ts'
import type { Image } from '../resources/kinds/image.ts'
import type { ResolvedSource, SourceResolver } from '../resources/kinds/source-resolver.ts'
import { changesJson, reasonsText } from './changes/changes.ts'
import { childName } from './child-name.ts'
import { ownerReference } from './owner-reference.ts'
import { configShape, imageConfig } from './changes/config.ts'
import type { BuildNeeded, DecisionOptions } from './decide-build.ts'
import { FINGERPRINTS, revisionOf, SOURCE_REVISION } from './changes/own-changes.ts'
import { BUILD_CHANGES, BUILD_NUMBER, BUILDER_KIND, BUILDER_NAME, IMAGE, numberOf, outcomeOf, REASON, type AnyBuilder } from './state.ts'
import { buildTags } from './tags.ts'

export const IMAGE_GENERATION = 'image.kpack.io/imageGeneration'

const keep = pointer()

/** A Build's spec as Go writes it: some empty objects are always there. */
const specShape = struct({
  tags: list(text),
  builder: struct({ image: scalar, imagePullSecrets: list(keep), ref: keep }),
  serviceAccountName: scalar,
  ...configShape,
  cache: pointer(struct({ volume: pointer(struct({ persistentVolumeClaimName: scalar })), registry: pointer(struct({ tag: text })) })),
  runImage: struct({ image: scalar }),
  activeDeadlineSeconds: keep,
  projectDescriptorPath: scalar,
  lastBuild: pointer(struct({ image: scalar, cache: struct({ image: scalar }), stackId: scalar })),
  notary: keep,
  cosign: keep,
  defaultProcess: scalar,
  tolerations: list(keep),
  nodeSelector: keep,
  affinity: keep,
  runtimeClassName: keep,
  schedulerName: scalar,
  creationTime: scalar,
})

/**
 * Returns the next Build of an Image. The caller adds `uid` and `creationTimestamp`.
 * @param image with the defaults of its kind
 */
export function newBuild(
  image: Image,
  { changes }: Pick<BuildNeeded, 'changes'>,
  last: Build | undefined,
  resolver: SourceResolver | undefined,
  builder: AnyBuilder,
  { now, kpackCompatible = false, fingerprints = {} }: DecisionOptions,
): Build {
  const number = ((last && numberOf(last)) ?? 0) + 1
  const source: ResolvedSource = resolver?.status?.source ?? {}
  const revision = revisionOf(source)
  const { metadata } = image
  return {
    apiVersion: 'kpack.io/v1alpha2',
    kind: 'Build',
    metadata: {
      name: childName(metadata.name, `-build-${number}`),
      ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
      ownerReferences: [ownerReference(image)],
      labels: { ...metadata.labels, [BUILD_NUMBER]: String(number), [IMAGE]: metadata.name, [IMAGE_GENERATION]: String(metadata.generation ?? 0) },
      annotations: {
        ...metadata.annotations,
        [REASON]: reasonsText(changes),
        [BUILD_CHANGES]: changesJson(changes),
        [BUILDER_NAME]: builder.metadata.name,
        [BUILDER_KIND]: builder.kind,
        ...(!kpackCompatible && {
          ...(revision !== undefined && { [SOURCE_REVISION]: revision }),
          ...(Object.keys(fingerprints).length > 0 && { [FINGERPRINTS]: encodeGoValue(fingerprints) }),
        }),
      },
    },
    spec: newSpec(image, number, last, source, builder, now),
  }
}

function newSpec(image: Image, number: number, last: Build | undefined, source: ResolvedSource, { status }: AnyBuilder, now: Date): BuildSpec {
  const { spec } = image
  const { env: _env, resources: _resources, services: _services, cnbBindings: _bindings, buildTimeout, ...pod } = spec.build ?? {}
  return specShape({
    ...pod,
    ...imageConfig(image, source),
    activeDeadlineSeconds: buildTimeout,
    tags: buildTags(spec, number, now),
    builder: { image: status?.latestImage },
    runImage: { image: status?.stack?.runImage },
    serviceAccountName: spec.serviceAccountName,
    cache: cacheOf(image),
    projectDescriptorPath: spec.projectDescriptorPath,
    lastBuild: lastBuildOf(last),
    notary: spec.notary,
    cosign: spec.cosign,
    defaultProcess: spec.defaultProcess,
  }) as BuildSpec
}

/** As kpack, takes the name of the volume from the Image's status: a first build has none yet. */
function cacheOf({ spec: { cache }, status }: Image): BuildSpec['cache'] {
  return {
    ...(cache?.registry?.tag && { registry: cache.registry }),
    ...(cache?.volume?.size !== undefined && { volume: { persistentVolumeClaimName: status?.buildCacheName } }),
  }
}

/** A failed build passes on the one before it. */
function lastBuildOf(last: Build | undefined): LastBuild | undefined {
  if (!last || outcomeOf(last) === 'failed') return last?.spec.lastBuild
  const { latestImage, latestCacheImage, stack } = last.status ?? {}
  return { image: latestImage, cache: { image: latestCacheImage }, stackId: stack?.id }
}
