/** Checks a builder with kpack's rules and messages (its pkg/cnb/buildpack_validation.go). */

import { CnbError } from '../../base/errors.ts'
import { hasBuildpackFeature, hasFeature } from '../../formats/api-features.ts'
import { parseApiVersion, type ApiVersion } from '../../formats/versions.ts'
import type { StoredImage } from '../../images/stored-image.ts'
import { platformMatches, type Platform } from '../../oci/platform.ts'
import type { ApiRange } from '../builder.ts'
import type { KpackLifecycle, StoredModule } from './kpack-recipe.ts'

/** The Platform APIs of kpack's pods. */
const KPACK_PLATFORM_APIS = ['0.3', '0.4', '0.5', '0.6', '0.7', '0.8']

/** The stack of a builder. */
export interface KpackStack {
  readonly id: string
  readonly mixins: readonly string[]
}

/** @param name the lifecycle's image, as the user names it @throws CnbError CNB_LIFECYCLE_INVALID */
export function checkLifecyclePlatform(name: string, { config }: Pick<StoredImage, 'config'>, { config: build }: Pick<StoredImage, 'config'>): void {
  const isKnown = (platform: Platform): Platform => ({ ...platform, architecture: config.architecture && build.architecture ? platform.architecture : '' })
  if (platformMatches(isKnown(config), isKnown(build))) return
  const format = ({ os, architecture, variant = '' }: Platform): string => `${os}/${architecture}/${variant}`
  throw new CnbError('CNB_LIFECYCLE_INVALID', `validating lifecycle image ${name}: expected platform to be ${format(build)} but got ${format(config)}`, {
    hint: 'Use a lifecycle for the platform of the build image.',
  })
}

/** Checks that pods of kpack can use the lifecycle. @throws CnbError CNB_LIFECYCLE_INVALID */
export function checkKpackPlatform({ apis }: KpackLifecycle): void {
  const known = allOf(apis.platform)
  if (KPACK_PLATFORM_APIS.some((api) => known.includes(api))) return
  throw new CnbError('CNB_LIFECYCLE_INVALID', `unsupported platform apis in kpack lifecycle: ${known.join(', ')}, expecting one of: ${KPACK_PLATFORM_APIS.join(', ')}`, {
    hint: 'Use another lifecycle.',
  })
}

/** Checks APIs, stacks and mixins; a composite buildpack has none. @throws CnbError CNB_BUILDPACK_INVALID */
export function checkKpackBuildpacks(buildpacks: readonly StoredModule[], { apis }: KpackLifecycle, stack: KpackStack): void {
  const known = allOf(apis.buildpack)
  const isRelaxed = allOf(apis.platform).some((api) => hasFeature(versionOf(api), 'mixinsOfBothStages'))
  for (const buildpack of buildpacks) {
    const why = faultOf(buildpack, known, stack, isRelaxed)
    if (why !== undefined) throw new CnbError('CNB_BUILDPACK_INVALID', `validating buildpack ${buildpack.id}@${buildpack.version}: ${why}`, { hint: 'Use another version of the buildpack, or a stack and a lifecycle that it supports.' })
  }
}

function faultOf({ api, order, stacks }: StoredModule, apis: readonly string[], stack: KpackStack, isRelaxed: boolean): string | undefined {
  if (order.length > 0) return undefined
  if (!apis.includes(api)) return `unsupported buildpack api: ${api}, expecting: ${apis.join(', ')}`
  // Since Buildpack API 0.10, stacks are optional.
  if (stacks.length === 0) return undefined
  const found = stacks.find(({ id }) => id === stack.id || (id === '*' && hasBuildpackFeature(versionOf(api), 'anyStack')))
  if (!found) return `stack ${stack.id} is not supported`
  const missing = (found.mixins ?? []).filter((mixin) => !isProvided(mixin, stack.mixins, isRelaxed))
  return missing.length > 0 ? `stack missing mixin(s): ${missing.join(', ')}` : undefined
}

/** A mixin without a stage is provided for both stages. */
function isProvided(mixin: string, provided: readonly string[], isRelaxed: boolean): boolean {
  if (provided.includes(mixin)) return true
  if (!isRelaxed) return false
  const [, name] = /^(?:build|run):(.*)$/s.exec(mixin) ?? []
  return name === undefined ? ['build:', 'run:'].every((stage) => provided.includes(stage + mixin)) : provided.includes(name)
}

function allOf({ deprecated, supported }: ApiRange): string[] {
  return [...deprecated, ...supported]
}

/** Text that is not a version has no feature. */
function versionOf(api: string): ApiVersion {
  return parseApiVersion(api) ?? { major: -1, minor: 0 }
}
