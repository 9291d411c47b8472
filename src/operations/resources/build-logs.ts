/** `cnb logs`: the stored log of an Image's build. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { buildsOf } from '../../reconcile/history.ts'
import { numberOf } from '../../reconcile/state.ts'
import type { LogLine, Store } from '../../state/store.ts'
import { Resources } from './resources.ts'

export interface LogOptions {
  readonly image: string
  /** Default: `default`. */
  readonly namespace?: string
  /** The number of the build; default: the newest. */
  readonly build?: number
  readonly follow?: boolean
}

/** The log of one build. */
export interface BuildLogResult {
  readonly name: string
  readonly lines: AsyncIterable<readonly LogLine[]>
}

/** Finds a build and reads its log. @throws CnbError CNB_RESOURCE_NOT_FOUND, CNB_STATE_INVALID */
export async function readBuildLogs({ image: name, namespace = 'default', build: number, follow = false }: LogOptions, store: Store, context: Context): Promise<BuildLogResult> {
  const resources = await Resources.read(store, context)
  const image = resources.find('Image', { name, namespace })
  const builds = image ? buildsOf(image, resources.list('Build')) : []
  const build = number === undefined ? builds.at(-1) : builds.find((each) => numberOf(each) === number)
  if (!image) throw notFound(`images.kpack.io "${name}" not found`, "'cnb get images -A' lists all images.")
  if (!build) {
    const numbers = builds.map((each) => numberOf(each)).join(', ')
    throw notFound(`Image '${name}' has no build${number === undefined ? '' : ` ${number}`}`, numbers === '' ? 'Apply the Image first.' : `There are builds ${numbers}.`)
  }
  return { name: build.metadata.name, lines: store.readLog({ namespace, name: build.metadata.name }, follow, context) }
}

function notFound(message: string, hint: string): CnbError {
  return new CnbError('CNB_RESOURCE_NOT_FOUND', message, { hint })
}
