/** Checks whether a run image fits an app (platform.md "Rebase", lifecycle phase/rebaser.go). */

import { CnbError } from '../../base/errors.ts'
import { hasFeature } from '../../formats/api-features.ts'
import { parseApiVersion } from '../../formats/versions.ts'
import type { Image } from '../image.ts'
import { isMarkedRebasable, readDistro, readStackId, readStackMixins } from '../labels/label-names.ts'
import type { LifecycleMetadata } from '../labels/lifecycle-metadata.ts'
import { isSameName } from '../find/run-image-name.ts'

export interface RebaseRequest {
  readonly app: Image
  readonly runImage: Image
  /** The run image's name, from the user or the app's label. */
  readonly runImageName: string
  /** Converts violations of rules that the specification allows to override to warnings. */
  readonly force: boolean
}

export interface RebaseVerdict {
  /** The violated rules that `force` overrides. */
  readonly warnings: readonly string[]
  /** Whether the app's label does not list the run image: its name must then replace those in the label. */
  readonly replaceName: boolean
}

/** Checks the rules of a rebase. @throws CnbError CNB_NOT_REBASABLE, CNB_IMAGE_INVALID for a malformed label or CNB_PLATFORM_API */
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
    throw notRebasable(app, broken.join('; '), `Use --force if the app runs on this image: it overrides the rule${record}.`)
  }
  return { warnings: broken, replaceName: unknownName }
}

function notRebasable(app: Image, rule: string, hint: string): CnbError {
  return new CnbError('CNB_NOT_REBASABLE', `cannot rebase image '${app.reference}': ${rule}`, { hint })
}

/** Whether the app was built with Platform API 0.12 or newer, where targets replace stacks. */
function knowsTargets(app: Image): boolean {
  const entry = app.config.config.Env?.find((variable) => variable.startsWith('CNB_PLATFORM_API='))
  const text = entry?.slice('CNB_PLATFORM_API='.length) ?? ''
  if (text === '') return false
  const version = parseApiVersion(text)
  if (version) return hasFeature(version, 'targets')
  const message = `the variable CNB_PLATFORM_API of image '${app.reference}' is '${text}', which is not an API version`
  throw new CnbError('CNB_IMAGE_INVALID', message, { hint: 'Build the app again.' })
}

/** Checks stack and mixins. They guarantee the system's libraries, which `force` cannot replace. */
function checkStack(app: Image, runImage: Image): void {
  const hint = 'Use a run image with the same stack; --force does not help for an app built with a Platform API before 0.12.'
  const [appStack, baseStack] = [readStackId(app), readStackId(runImage)]
  if (appStack === '') throw notRebasable(app, 'it has no stack', hint)
  if (baseStack === '') throw notRebasable(app, `run image '${runImage.reference}' has no stack, but the app needs '${appStack}'`, hint)
  if (appStack !== baseStack) {
    throw notRebasable(app, `its stack is '${appStack}', but run image '${runImage.reference}' has '${baseStack}'`, hint)
  }
  const offered = new Set(readStackMixins(runImage, ANY_STAGE))
  const missing = [...new Set(readStackMixins(app, ANY_STAGE))].filter((mixin) => !offered.has(mixin))
  if (missing.length > 0) throw notRebasable(app, `run image '${runImage.reference}' lacks the app's mixins ${[...missing].sort().join(', ')}`, hint)
}

/** The prefix of a mixin. The lifecycle's rebaser removes any prefix, not only `build:` and `run:`. */
const ANY_STAGE = /^[^:]*:/

function brokenTargetRules(app: Image, runImage: Image): string[] {
  const broken = isMarkedRebasable(app) ? [] : ['it is marked as not rebasable (label io.buildpacks.rebasable is false)']
  const rule = (what: string, from: string | undefined, to: string | undefined): void => {
    if (from !== to) broken.push(`its ${what} is '${from ?? ''}', but run image '${runImage.reference}' has '${to ?? ''}'`)
  }
  const [has, gets] = [app.platform, runImage.platform]
  rule('operating system', has.os, gets.os)
  rule('architecture', has.architecture, gets.architecture)
  if (has.variant && gets.variant) rule('architecture variant', has.variant, gets.variant)
  // Only the fields that the run image declares are compared; the app may declare more.
  const [from, to] = [readDistro(app), readDistro(runImage)]
  if (to && !from) broken.push(`it has no distribution, but run image '${runImage.reference}' has one`)
  if (from && to?.name) rule('distribution', from.name, to.name)
  if (from && to?.version) rule('distribution version', from.version, to.version)
  return broken
}

function unknownNameRule({ knownRunImages }: LifecycleMetadata, name: string): string {
  const known = knownRunImages.length > 0 ? `only ${knownRunImages.map((image) => `'${image}'`).join(', ')}` : 'no run image'
  return `its label lists ${known}, not '${name}'`
}
