/** Creates the layer with the launcher (lifecycle layers/launcher.go). */

import { makeTarLayer } from '../../../archive/tar/tar-layer.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Layer } from '../../../images/image.ts'
import { CONSTANT_MTIME } from '../../../oci/constant-time.ts'
import type { BuildFiles } from '../model.ts'
import { rootDirectory } from './layer-entries.ts'
import { Spool } from './spool.ts'

const LAUNCHER = '/cnb/lifecycle/launcher'
/** The memory of the spool, in bytes; a launcher has 2 to 4 MB. */
const SPOOL_MEMORY = 4 * 1024 * 1024

/** The launcher in a container of the builder; no buildpack can change its `/cnb`. The layer can be opened until disposal. */
export class Launcher implements AsyncDisposable {
  readonly #files: Pick<BuildFiles, 'read'>
  readonly #spool = new Spool({ left: SPOOL_MEMORY })
  #layer: Promise<Layer> | undefined

  constructor(files: Pick<BuildFiles, 'read'>) {
    this.#files = files
  }

  /**
   * Returns the layer with `/cnb`, `/cnb/lifecycle` and the launcher in it; root owns them. The launcher is read once, into a spool.
   * @throws CnbError CNB_BUILDER_INVALID if the launcher is not a file; errors of the files
   */
  layer(context: Context): Promise<Layer> {
    return (this.#layer ??= this.#read(context))
  }

  async #read(context: Context): Promise<Layer> {
    for await (const { type, bytes, content } of (await this.#files.read(LAUNCHER, context)) ?? []) {
      if (type !== 'file') break
      const spooled = await this.#spool.add(bytes ?? content)
      const owner = { uid: 0, gid: 0, mtime: CONSTANT_MTIME }
      return await makeTarLayer(
        () => [
          rootDirectory('/cnb'),
          rootDirectory('/cnb/lifecycle'),
          { type: 'file', name: LAUNCHER, mode: 0o755, ...owner, size: spooled.size, content: this.#spool.read(spooled) },
        ],
        context,
      )
    }
    throw new CnbError('CNB_BUILDER_INVALID', `the builder has no ${LAUNCHER}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#layer?.catch(() => {})
    await this.#spool[Symbol.asyncDispose]()
  }
}
