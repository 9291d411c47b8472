/** Run images in registries for many apps: each is read once, whoever asks. */

import { CnbError } from '../../base/errors.ts'
import { decide, type Context } from '../../base/events.ts'
import type { Image } from '../../images/image.ts'
import { appMetadata } from '../../images/rebase/rebase-plan.ts'
import { openRegistryImages } from '../../images/remote/registry-source.ts'
import { chooseRunImage } from '../../images/find/run-image.ts'
import { formatPlatform, type Platform } from '../../oci/platform.ts'
import type { Registries } from '../../registry/registry.ts'
import type { Config } from '../config/config.ts'
import { declaredName, withConfiguredMirrors } from '../config/configured-mirrors.ts'

/** A run image under the name by which it was chosen. */
export interface FoundRunImage {
  readonly name: string
  /** What apps know it by, where that name is a mirror of the user's own. */
  readonly declaredName: string
  readonly image: Image
}

/** What the user's configuration says of run images. */
export type RunImageConfig = Pick<Config, 'runImages'>

export class RemoteRunImages {
  readonly #registries: Registries
  readonly #config: RunImageConfig
  /** By name and platform. What failed is remembered too, or a list of apps would wait for it again and again. */
  readonly #found = new Map<string, Promise<Image>>()

  constructor(registries: Registries, config: RunImageConfig) {
    this.#registries = registries
    this.#config = config
  }

  /**
   * The run image that was asked for, or the first to be had of those that the app's label names: those on the registry that the
   * app goes to first, and the user's own mirrors before others there (platform.md "Run Image Resolution").
   * @throws CnbError CNB_NOT_REBASABLE where nothing names one, CNB_IMAGE_NOT_FOUND, CNB_PLATFORM_MISMATCH, CNB_REGISTRY_*
   */
  async choose(asked: string | undefined, app: Image, registry: string, context: Context): Promise<FoundRunImage> {
    const find = (name: string): Promise<Image> => this.#find(name, app.platform, context)
    const { runImage: declared, knownRunImages } = appMetadata(app)
    const found = (name: string, image: Image): FoundRunImage => ({ name, image, declaredName: declaredName(name, knownRunImages, this.#config) })
    if (asked !== undefined) {
      decide(context, { kind: 'run image', name: asked }, 'chosen', '--run-image names it')
      return found(asked, await find(asked))
    }
    const choice = declared && {
      ...{ names: withConfiguredMirrors(declared, this.#config), declaredBy: "the app's label", registry, isPresent: async () => true, find },
      ofOneName: ['CNB_IMAGE_NOT_FOUND', 'CNB_REGISTRY_DENIED', 'CNB_REGISTRY_UNREACHABLE'] as const,
    }
    const first = choice && (await chooseRunImage(choice, context))
    if (first) return found(first.name, first.image)
    throw new CnbError('CNB_NOT_REBASABLE', `image '${app.reference}' does not tell which run image it was built on`, {
      hint: 'Name one with --run-image, and use --force to record it; the app was built with a lifecycle that wrote none.',
    })
  }

  #find(name: string, platform: Platform, context: Context): Promise<Image> {
    const key = `${name} ${formatPlatform(platform)}`
    const finding = this.#found.get(key) ?? this.#read(name, platform, context)
    this.#found.set(key, finding)
    return finding
  }

  async #read(name: string, platform: Platform, context: Context): Promise<Image> {
    const image = await openRegistryImages(this.#registries, platform).find(name, context)
    if (image) return image
    throw new CnbError('CNB_IMAGE_NOT_FOUND', `the registry has no run image '${name}'`, {
      hint: 'Check the name and the tag, or name another with --run-image.',
    })
  }
}
