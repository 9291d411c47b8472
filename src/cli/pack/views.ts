/** `pack inspect` and `pack builder inspect`: an image in its registry and on the engine. */

import { CnbError, toCnbError } from '../../base/errors.ts'
import { inspectBuilder } from '../../operations/builder/inspect-builder.ts'
import { readConfig } from '../../operations/config/config-file.ts'
import { inspect } from '../../operations/inspect/inspect.ts'
import type { Outcome } from '../../ui/reporter.ts'
import type { CommandContext } from '../command.ts'
import { builderDocument, builderInfo } from './builder-document.ts'
import { imageDocument, imageInfo, type Both } from './image-document.ts'
import { viewText } from './view-text.ts'

type Values = Readonly<Record<string, unknown>>
/** `format` is `human-readable`, `json`, `yaml` or `toml`. */
type View = (name: string, values: Values, session: CommandContext, format: unknown) => Promise<Outcome>

/** By the command's name. */
export const VIEWS: Readonly<Record<string, View>> = {
  inspect: async (image, values, session, format) => {
    const { runImages } = await readConfig(session.host)
    const found = await inBoth('image', image, session, (place) => inspect({ ...values, ...place, image }, session, session.context))
    const infos = { remote: found.remote && imageInfo(found.remote, runImages), local: found.local && imageInfo(found.local, runImages) }
    return { data: inFormat(imageDocument(image, infos), format), line: '', text: (theme) => viewText(`Inspecting image: ${theme.name(image)}`, infos) }
  },
  'builder inspect': async (given, values, session, format) => {
    const { runImages, defaultBuilder } = await readConfig(session.host)
    const name = given || (defaultBuilder ?? '')
    const found = await inBoth('builder', name, session, (place) => inspectBuilder({ ...values, ...place, builder: name }, session, session.context))
    const isDefault = name === defaultBuilder
    const infos = { remote: found.remote && builderInfo(found.remote, runImages), local: found.local && builderInfo(found.local, runImages) }
    const trusted = (found.local ?? found.remote)?.trusted ?? false
    const title = (shown: string): string => `Inspecting ${isDefault ? 'default ' : ''}builder: ${shown}`
    return {
      data: inFormat(builderDocument({ name, trusted, isDefault }, infos, format), format),
      line: '',
      text: (theme) => viewText(title(theme.name(name)), infos, [`Trusted: ${trusted ? 'Yes' : 'No'}`]),
    }
  },
}

/**
 * Reads an image in both places. A place that does not respond is a warning if the other has the image; pack fails then.
 * @throws CnbError if neither place has the image
 */
async function inBoth<T>(kind: string, name: string, { context }: CommandContext, read: (place: { remote?: true; local?: true }) => Promise<T>): Promise<Both<T>> {
  const [remote, local] = await Promise.allSettled([read({ remote: true }), read({ local: true })])
  const failures = [remote, local].flatMap((result) => (result.status === 'rejected' ? [toCnbError(result.reason)] : []))
  const serious = failures.filter(({ code }) => code !== 'CNB_IMAGE_NOT_FOUND' && code !== 'CNB_REGISTRY_DENIED')
  if (failures.length === 2) throw serious[0] ?? new CnbError('CNB_IMAGE_NOT_FOUND', `unable to find ${kind} '${name}' locally or remotely`)
  for (const error of serious) context.events?.({ type: 'warning', message: error.message })
  return { remote: valueOf(remote), local: valueOf(local) }
}

/** TOML has no null. */
function inFormat(document: object, format: unknown): object {
  return format === 'toml' ? (JSON.parse(JSON.stringify(document), (_, value: unknown) => value ?? undefined) as object) : document
}

function valueOf<T>(result: PromiseSettledResult<T>): T | undefined {
  return result.status === 'fulfilled' ? result.value : undefined
}
