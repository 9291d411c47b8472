/** The images of an engine that is connected on first use: some commands need none. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { openEngineImages, type EngineImageStore } from '../../images/engine/engine-source.ts'
import type { Image, ImagePlan, ImageSink, ImageSource, SavedImage } from '../../images/image.ts'
import type { Platform } from '../../oci/platform.ts'
import type { EngineServices } from '../services.ts'

/** Finding an image on an engine that is unreachable finds none; saving one fails. */
export class LazyEngine implements ImageSource, ImageSink, AsyncDisposable {
  readonly #connect: () => Promise<EngineServices>
  #opened: Promise<EngineImageStore> | undefined

  constructor(connect: () => Promise<EngineServices>) {
    this.#connect = connect
  }

  async find(reference: string, context: Context = {}): Promise<Image | undefined> {
    try {
      return await (await this.#images()).find(reference, context)
    } catch (error) {
      if (!(error instanceof CnbError) || !['CNB_ENGINE_UNREACHABLE', 'CNB_ENGINE_DENIED'].includes(error.code)) throw error
      context.events?.({ type: 'debug', message: `not searching '${reference}' on the engine: ${error.message}` })
      return undefined
    }
  }

  async save(plan: ImagePlan, context: Context = {}): Promise<SavedImage> {
    return (await this.#images()).save(plan, context)
  }

  /** Returns the engine's platform. @throws CnbError CNB_ENGINE_* */
  async platform(context: Context): Promise<Platform> {
    return (await (await this.#connect()).engine.info(context)).platform
  }

  #images(): Promise<EngineImageStore> {
    return (this.#opened ??= this.#connect().then(({ engine, owner }) => openEngineImages(engine, owner)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const images = await this.#opened?.catch(() => undefined)
    await images?.[Symbol.asyncDispose]()
  }
}
