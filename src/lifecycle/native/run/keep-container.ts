/** Keeps the container of a failed build, at most one for each image. */

import { createHash } from 'node:crypto'
import { toCnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Container } from '../../../docker/engine.ts'
import { familiarName } from '../../../oci/reference.ts'
import type { BuildStart } from '../../lifecycle.ts'

/** Never throws: the failure of the build is the one to report. */
export async function keepContainer(container: Pick<Container, 'keep'>, { image }: Pick<BuildStart, 'image'>, { events }: Context): Promise<void> {
  const name = familiarName(image)
  try {
    await container.keep(`cnb-kept-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`)
    events?.({ type: 'info', message: `To look around: cnb shell ${name}` })
  } catch (error) {
    events?.({ type: 'warning', message: toCnbError(error).message })
  }
}
