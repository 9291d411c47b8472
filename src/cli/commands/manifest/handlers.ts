/** Handlers of `cnb manifest …`. */

import { CnbError } from '../../../base/errors.ts'
import type { RegistryOptions } from '../../../operations/config/registry-settings.ts'
import {
  addToManifest, annotateManifest, createManifest, inspectManifest, pushManifest, removeFromManifest, removeManifests,
  type AnnotateOptions, type ManifestResult, type PushOptions,
} from '../../../operations/manifest/manifest.ts'
import { formatFields } from '../../../ui/fields.ts'
import type { Outcome } from '../../../ui/reporter.ts'
import type { Handler, HandlerOfSeveral } from '../../command.ts'

export const runCreate: HandlerOfSeveral<PushOptions & { publish?: boolean }> = async (given, values, { remote, context }) => {
  const [list = '', ...images] = given
  const result = await createManifest(list, images, values, remote, context)
  return outcome(values.publish ? 'Pushed manifest list' : 'Created manifest list', result)
}

export const runAdd: HandlerOfSeveral<RegistryOptions> = async (given, values, { remote, context }) => {
  const [list = '', image = ''] = given
  return outcome('Added an image to manifest list', await addToManifest(list, image, values, remote, context))
}

export const runAnnotate: HandlerOfSeveral<AnnotateOptions & { annotations?: string[] }> = async (given, values, { remote, context }) => {
  const [list = '', image = ''] = given
  const { os, arch, variant, annotations = [], ...options } = values
  const change = { os, arch, variant, annotations: Object.fromEntries(annotations.map(parseAnnotation)) }
  return outcome('Annotated an image in manifest list', await annotateManifest(list, image, change, options, remote, context))
}

export const runRm: HandlerOfSeveral<object> = async (given, _values, { remote, context }) => {
  const [list = '', ...images] = given
  return outcome('Removed entries from manifest list', await removeFromManifest(list, images, remote, context))
}

export const runPush: HandlerOfSeveral<PushOptions & { purge?: boolean }> = async (given, values, { remote, context }) => {
  const [list = '', destination] = given
  return outcome('Pushed manifest list', await pushManifest(list, destination, values, remote, context))
}

export const runRemove: HandlerOfSeveral<object> = async (given, _values, { remote }) => {
  if (given.length === 0) throw new CnbError('CNB_USAGE', 'no manifest list specified', { hint: 'Add --help to see the usage.' })
  const result = await removeManifests(given, remote)
  return { data: result, line: result.removed.join(' '), text: (theme) => `${theme.success('Removed manifest lists:')} ${result.removed.join(', ')}` }
}

export const runInspect: Handler<RegistryOptions> = async (list, values, { remote, context }) => {
  const index = await inspectManifest(list, values, remote, context)
  return { data: index, line: list, text: () => JSON.stringify(index, undefined, 3) }
}

function outcome(done: string, result: ManifestResult): Outcome {
  const { list, images, reference } = result
  const entries = images.map(({ platform = 'unknown', digest }): [string, string] => [platform, digest])
  return {
    data: result,
    line: reference ?? list,
    text: (theme) => [`${theme.success(done)} ${theme.name(list)}`, ...formatFields([['Image', reference], ...entries], theme)].join('\n'),
  }
}

function parseAnnotation(text: string): [string, string] {
  const equals = text.indexOf('=')
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)]
  throw new CnbError('CNB_USAGE', `invalid --annotations '${text}': expected key=value`, { hint: 'Write --annotations key=value.' })
}
