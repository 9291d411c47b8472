/** Whether an app may go onto a run image (platform.md "Rebase"; the checks of the lifecycle's phase/rebaser.go). */

import { CnbError } from '../../base/errors.ts'
import { hasFeature } from '../../formats/api-features.ts'
import { parseApiVersion } from '../../formats/versions.ts'
import type { Image } from '../image.ts'
import { isMarkedRebasable, readDistro, readStackId, readStackMixins } from '../labels/labels.ts'
import type { LifecycleMetadata } from '../labels/lifecycle-metadata.ts'
import { isSameName } from '../find/run-image-name.ts'

export interface RebaseRequest {
  readonly app: Image
  readonly runImage: Image
  /** The run image's name as the user or the app's label gives it. */
  readonly runImageName: string
  /** Turns the rules that the specification lets be overridden into warnings. */
  readonly force: boolean
}

export interface RebaseVerdict {
  /** The rules that `force` overrode. */
  readonly warnings: readonly string[]
  /** Whether the run image is none of those that the app knows, so that its name must go into the app's label. */
  readonly replaceName: boolean
}

/** @throws CnbError CNB_NOT_REBASABLE, CNB_IMAGE_INVALID when a label or CNB_PLATFORM_API is malformed */
export function checkRebase(request: RebaseRequest, metadata: LifecycleMetadata): RebaseVerdict {
  const { app, runImage, runImageName, force } = request
  if (!knowsTargets(app)) checkStack(app, runImage)
  const unknownName = !metadata.knownRunImages.some((known) => isSameName(known, runImageName))
  const broken = [
    ...(knowsTargets(app) ? brokenTargetRules(app, runImage) : []),
    ...(unknownName ? [unknownNameRule(metadata, runImageName)] : []),
  ]
  if (broken.length > 0 && !force) {
    const record = unknownName ? ', and records the new name for later rebases' : ''
    throw notRebasable(app, broken.join('; '), `If the app runs on this image, use --force: it overrides the rule${record}.`)
  }
  return { warnings: broken, replaceName: unknownName }
}

function notRebasable(app: Image, rule: string, hint: string): CnbError {
  return new CnbError('CNB_NOT_REBASABLE', `image '${app.reference}' cannot be rebased: ${rule}`, { hint })
}

/** Whether the app was built with Platform API 0.12 or later, where targets took the place of stacks. */
function knowsTargets(app: Image): boolean {
  const entry = app.config.config.Env?.find((variable) => variable.startsWith('CNB_PLATFORM_API='))
  const text = entry?.slice('CNB_PLATFORM_API='.length) ?? ''
  if (text === '') return false
  const version = parseApiVersion(text)
  if (version) return hasFeature(version, 'targets')
  const message = `image '${app.reference}' says that it was built with Platform API '${text}', which is no version`
  throw new CnbError('CNB_IMAGE_INVALID', message, { hint: 'Build the app again.' })
}

/** Stacks are a promise about the system's libraries, which force cannot make. */
function checkStack(app: Image, runImage: Image): void {
  const hint = 'Choose a run image of the same stack; --force does not help for an app built with a Platform API before 0.12.'
  const [appStack, baseStack] = [readStackId(app), readStackId(runImage)]
  if (appStack === '') throw notRebasable(app, 'it names no stack', hint)
  if (baseStack === '') throw notRebasable(app, `run image '${runImage.reference}' names no stack, and the app needs '${appStack}'`, hint)
  if (appStack !== baseStack) {
    throw notRebasable(app, `its stack is '${appStack}', that of run image '${runImage.reference}' is '${baseStack}'`, hint)
  }
  const offered = new Set(readStackMixins(runImage, ANY_STAGE))
  const missing = [...new Set(readStackMixins(app, ANY_STAGE))].filter((mixin) => !offered.has(mixin))
  if (missing.length > 0) throw notRebasable(app, `run image '${runImage.reference}' lacks its mixins ${[...missing].sort().join(', ')}`, hint)
}

/** The rebaser removes everything up to the first colon, not only `build:` and `run:`. */
const ANY_STAGE = /^[^:]*:/

function brokenTargetRules(app: Image, runImage: Image): string[] {
  const broken = isMarkedRebasable(app) ? [] : ['it is marked as not rebasable (label io.buildpacks.rebasable is false)']
  const rule = (what: string, from: string | undefined, to: string | undefined): void => {
    if (from !== to) broken.push(`its ${what} is '${from ?? ''}', that of run image '${runImage.reference}' is '${to ?? ''}'`)
  }
  const [has, gets] = [app.platform, runImage.platform]
  rule('operating system', has.os, gets.os)
  rule('architecture', has.architecture, gets.architecture)
  if (has.variant && gets.variant) rule('architecture variant', has.variant, gets.variant)
  // The run image decides: what it does not say of its distribution, the app may say.
  const [from, to] = [readDistro(app), readDistro(runImage)]
  if (to && !from) broken.push(`it names no distribution, run image '${runImage.reference}' does`)
  if (from && to?.name) rule('distribution', from.name, to.name)
  if (from && to?.version) rule('distribution version', from.version, to.version)
  return broken
}

function unknownNameRule({ knownRunImages }: LifecycleMetadata, name: string): string {
  const known = knownRunImages.length > 0 ? `only ${knownRunImages.map((image) => `'${image}'`).join(', ')}` : 'no run image at all'
  return `its label names ${known}, not '${name}'`
}
