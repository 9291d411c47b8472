/** Finds run images in registries for many apps; each image is read once. */

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

/** A run image and the name by which it was found. */
export interface FoundRunImage {
  readonly name: string
  /** The name to record in the app: the mirrored image's if `name` is a mirror from the configuration file, otherwise `name`. */
  readonly declaredName: string
  readonly image: Image
}

/** The run image mirrors of the user's configuration. */
export type RunImageConfig = Pick<Config, 'runImages'>

export class RemoteRunImages {
  readonly #registries: Registries
  readonly #config: RunImageConfig
  /** By name and platform. Includes failures, so each failing run image is read only once for a list of apps. */
  readonly #found = new Map<string, Promise<Image>>()

  constructor(registries: Registries, config: RunImageConfig) {
    this.#registries = registries
    this.#config = config
  }

  /**
   * Returns the requested run image, or the first available one of those in the app's label: first those in the registry of the app,
   * and within a registry the mirrors of the configuration file (platform.md "Run Image Resolution").
   * @param requested the value of --run-image
   * @param registry the registry to which the app is written
   * @throws CnbError CNB_NOT_REBASABLE if neither specifies one, CNB_IMAGE_NOT_FOUND, CNB_PLATFORM_MISMATCH, CNB_REGISTRY_*
   */
  async choose(requested: string | undefined, app: Image, registry: string, context: Context): Promise<FoundRunImage> {
    const find = (name: string): Promise<Image> => this.#find(name, app.platform, context)
    const { runImage: declared, knownRunImages } = appMetadata(app)
    const found = (name: string, image: Image): FoundRunImage => ({ name, image, declaredName: declaredName(name, knownRunImages, this.#config) })
    if (requested !== undefined) {
      decide(context, { kind: 'run image', name: requested }, 'chosen', '--run-image selects it')
      return found(requested, await find(requested))
    }
    const choice = declared && {
      ...{ names: withConfiguredMirrors(declared, this.#config), declaredBy: "the app's label", registry, isPresent: async () => true, find },
      ofOneName: ['CNB_IMAGE_NOT_FOUND', 'CNB_REGISTRY_DENIED', 'CNB_REGISTRY_UNREACHABLE'] as const,
    }
    const first = choice && (await chooseRunImage(choice, context))
    if (first) return found(first.name, first.image)
    throw new CnbError('CNB_NOT_REBASABLE', `cannot determine the run image of image '${app.reference}': its labels contain none`, {
      hint: 'Specify one with --run-image, and add --force to record it; the lifecycle that built the app recorded none.',
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
      hint: 'Check the name and the tag, or specify another image with --run-image.',
    })
  }
}
