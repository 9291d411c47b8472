/**
 * Versions of the Platform and Buildpack APIs, and the features that they introduced.
 * A new version needs an entry in PLATFORM_APIS, and one in PLATFORM_FEATURES for each difference. Code compares no versions; it
 * refers to features by name.
 */

import { type ApiVersion, compareApiVersions, parseApiVersion } from './versions.ts'

/** The supported Platform API versions. Before 0.7 the detector ran before the analyzer, and no maintained builder needs that. */
export const PLATFORM_APIS = ['0.7', '0.8', '0.9', '0.10', '0.11', '0.12', '0.13', '0.14', '0.15'] as const

/** The first Platform API version with each feature (sections of the specification's platform.md). */
const PLATFORM_FEATURES = {
  /** A mixin of the stack without a stage is there in both stages ("Mixins"). */
  mixinsOfBothStages: '0.7',
  /** Bills of materials are files in a separate layer ("Software-Bill-of-Materials"). */
  sbomLayer: '0.8',
  /** Bills of materials exist only as files: not in the image's label, nor in report.toml ("io.buildpacks.build.metadata (JSON)", "report.toml (TOML)"). */
  sbomFilesOnly: '0.9',
  /** SOURCE_DATE_EPOCH sets the image's creation time ("exporter" and "creator"). */
  creationTime: '0.9',
  /** The analyzer accepts -launch-cache and -skip-layers ("analyzer"). */
  analyzerLaunchCache: '0.9',
  /** The command of a process is a list; arguments of `docker run` replace none of its items ("metadata.toml (TOML)"). */
  commandList: '0.10',
  /** The exporter adds the lifecycle's and the launcher's own bills of materials ("exporter", -launcher-sbom). */
  lifecycleSboms: '0.11',
  /** run.toml replaces stack.toml: it lists all run images, and -run replaces -stack ("run.toml (TOML)"). */
  runToml: '0.12',
  /** Targets replace stacks: platform and distribution select run images, and a rebase compares them ("Rebase", "analyzed.toml (TOML)"). */
  targets: '0.12',
  /** `image` and `mirrors` in `runImage` of the label ("io.buildpacks.lifecycle.metadata (JSON)"). */
  runImageNames: '0.12',
  /** The image keeps the history of its run image, and describes each layer (lifecycle 0.17.0, imgutil's WithHistory). */
  runImageHistory: '0.12',
  /** The restorer accepts -daemon, and needs the engine ("restorer"). */
  restorerDaemon: '0.12',
  /** Extensions extend run images: the extender accepts -kind ("extender (optional)"). */
  runImageExtension: '0.12',
  /** Extensions need no experimental mode ("Experimental Features"). */
  stableExtensions: '0.13',
  /** Dockerfiles at `<generated>/<extension ID>/build.Dockerfile` ("detector", -generated). */
  generatedByExtension: '0.13',
  /** The restorer accepts -run, to find mirrors of a run image that an extension chose ("restorer"). */
  restorerRunToml: '0.14',
  /** The cache restores a cached launch layer that the previous image lost ("restorer", layer restoration). */
  cachedLaunchLayers: '0.14',
  /** CNB_EXEC_ENV: the execution environment of the image, such as test ("Execution Environments"). */
  execEnv: '0.15',
} as const satisfies Readonly<Record<string, (typeof PLATFORM_APIS)[number]>>

/** The first Buildpack API version with each feature (sections of the specification's buildpack.md). */
const BUILDPACK_FEATURES = {
  /** The stack `*` is any stack ("buildpack.toml (TOML)"). */
  anyStack: '0.5',
  /** The table `types` in a layer's file; before, its three keys were at the top level ("Layer Content Metadata (TOML)"). */
  layerTypesTable: '0.6',
} as const satisfies Readonly<Record<string, string>>

/** Whether a Platform API version has a feature. */
export function hasFeature(api: ApiVersion, feature: keyof typeof PLATFORM_FEATURES): boolean {
  return atLeast(api, PLATFORM_FEATURES[feature])
}

/** The first Platform API version with a feature, for messages. */
export function sinceApi(feature: keyof typeof PLATFORM_FEATURES): string {
  return PLATFORM_FEATURES[feature]
}

/** Whether a Buildpack API version has a feature. */
export function hasBuildpackFeature(api: ApiVersion, feature: keyof typeof BUILDPACK_FEATURES): boolean {
  return atLeast(api, BUILDPACK_FEATURES[feature])
}

function atLeast(version: ApiVersion, text: string): boolean {
  const other = parseApiVersion(text)
  return other !== undefined && compareApiVersions(version, other) >= 0
}
