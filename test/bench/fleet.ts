/** Rebases many apps in a local registry: with one `cnb`, and with a stock rebaser for each app. */

import { access, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeLayer, putApp, putRunImage } from '../support/images/registry-images.ts'
import { startRegistry, type Registry } from '../support/registry/registry.ts'
import { type Measurement, measure, measureCnb } from './measure.ts'

/** The stock lifecycle, from builders/sample/prepare; the name of the program selects the phase. */
const LIFECYCLE = join(import.meta.dirname, '../../builders/sample/lifecycle/out/lifecycle/lifecycle')
const PUTTING_AT_ONCE = 8

export class Fleet implements AsyncDisposable {
  readonly #registry: Registry
  readonly #directory: string
  #version = 0

  private constructor(registry: Registry, directory: string) {
    this.#registry = registry
    this.#directory = directory
  }

  /** @param directory for the list of images and a link to the rebaser */
  static async start(directory: string): Promise<Fleet> {
    await mkdir(directory, { recursive: true })
    const fleet = new Fleet(await startRegistry(), directory)
    await fleet.move()
    return fleet
  }

  get #runImage(): string {
    return `${this.#registry.address}/run`
  }

  #base(): ReturnType<typeof makeLayer>[] {
    // One layer, as in the sample's run image.
    return [makeLayer(`system ${this.#version}`)]
  }

  /** Replaces the run image's layer. */
  async move(): Promise<void> {
    this.#version++
    await putRunImage(this.#registry, 'run', 'latest', { layers: this.#base() })
  }

  /** Pushes apps with the same layers and different labels, each to a separate repository; returns their names. */
  async fill(size: number, name: string): Promise<string[]> {
    const own = ['dependencies', 'launcher', 'app'].map(makeLayer)
    const app = { base: this.#base(), own, runImage: this.#runImage }
    await putApp(this.#registry, 'seed', '1', app)
    const queue = Array.from({ length: size }, (_, at) => at).values()
    const work = async (): Promise<void> => {
      for (const at of queue) await putApp(this.#registry, `${name}/app-${at}`, '1', { ...app, labels: { at: String(at) }, from: 'seed' })
    }
    await Promise.all(Array.from({ length: PUTTING_AT_ONCE }, work))
    return Array.from({ length: size }, (_, at) => `${this.#registry.address}/${name}/app-${at}:1`)
  }

  async rebase(images: readonly string[]): Promise<Measurement> {
    const list = join(this.#directory, 'list')
    await writeFile(list, images.join('\n'))
    return measureCnb(['rebase', '--publish', '--from-file', list])
  }

  /** Rebases the apps one after another, as with a shell loop. */
  async rebaseByStock(images: readonly string[]): Promise<Measurement> {
    const rebaser = join(this.#directory, 'rebaser')
    await access(rebaser).catch(() => symlink(LIFECYCLE, rebaser))
    const script = 'for image in "$@"; do CNB_PLATFORM_API=0.14 CNB_REGISTRY_AUTH={} "$0" -report "$0.toml" "$image" || exit 1; done'
    return measure('sh', ['-c', script, rebaser, ...images])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#registry[Symbol.asyncDispose]()
  }
}
