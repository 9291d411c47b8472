/** Keeps the container of a failed build, at most one for each image. */

import { createHash } from 'node:crypto'
import { toCnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Container, Engine } from '../../../docker/engine.ts'
import { familiarName } from '../../../oci/reference.ts'
import type { BuildStart } from '../../lifecycle.ts'

type Of = Pick<BuildStart, 'image'>

/** Never throws: the failure of the build is the one to report. */
export async function keepContainer(container: Pick<Container, 'keep'>, { image }: Of, { events }: Context): Promise<void> {
  try {
    await container.keep(nameOf({ image }))
    events?.({ type: 'info', message: `To look around: cnb shell ${familiarName(image)}` })
  } catch (error) {
    events?.({ type: 'warning', message: toCnbError(error).message })
  }
}

/** Removes the container of the last failed build, with an open shell: the next build uses its volumes. Never throws. */
export async function removeKept({ containers }: Pick<Engine, 'containers'>, plan: Of, { events }: Context): Promise<void> {
  try {
    await containers.remove(nameOf(plan))
  } catch (error) {
    events?.({ type: 'warning', message: toCnbError(error).message })
  }
}

function nameOf({ image }: Of): string {
  return `cnb-kept-${createHash('sha256').update(familiarName(image)).digest('hex').slice(0, 16)}`
}
