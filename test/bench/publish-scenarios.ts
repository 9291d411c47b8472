/** Scenarios of builds that publish, compared with pack if $CNB_TEST_PACK names it. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { docker } from '../support/engines/docker.ts'
import { type Registry, startRegistry } from '../support/registry/registry.ts'
import { appFiles, BUILDER, SAMPLE_RUN_IMAGE } from '../support/script-builder.ts'
import { removeImages, removeVolumes, type Workbench } from '../support/workbench.ts'
import { type Measurement, measure, measureCnb } from './measure.ts'
import { packProgram } from './packaged-buildpacks.ts'
import type { Scenario, Way } from './scenarios.ts'

const RUN_IMAGE = 'bench/run'

/** Builds the same app for the engine and for the registry. */
export function publishAgain(title: string, script: string): Scenario {
  const images = new Map<Way, string>()
  let publisher: Publisher | undefined
  return {
    title,
    get ways() {
      return ['native', ...publishers()] as const
    },
    async prepare(bench) {
      publisher = await Publisher.start(bench, script)
      for (const way of this.ways) images.set(way, way === 'native' ? bench.image() : publisher.image())
      for (const [way, image] of images) for (let round = 0; round < 2; round++) await publisher.build(way, image)
    },
    measure: (way) => publisher!.build(way, images.get(way) ?? ''),
    end: async () => publisher?.[Symbol.asyncDispose](),
  }
}

/** Publishes a first build, and in other ways compresses the same amount of data for comparison. */
export function publishFirst(title: string, script: string, others: readonly 'gzip'[]): Scenario {
  let publisher: Publisher | undefined
  const half = 'for block in $(seq 13); do head -c 20000000 /dev/urandom; done | gzip -6 >/dev/null'
  return {
    title,
    get ways() {
      return [...publishers(), ...others]
    },
    async prepare(bench) {
      publisher = await Publisher.start(bench, script)
    },
    async measure(way) {
      if (way === 'gzip') return measure('bash', ['-c', `{ ${half}; } & { ${half}; } & wait`])
      const image = publisher!.image()
      const measured = await publisher!.build(way, image)
      await publisher!.forget(image)
      return measured
    },
    end: async () => publisher?.[Symbol.asyncDispose](),
  }
}

/** Publishes again from a cache image, as on a machine that has neither volumes nor a cache of downloads. */
export function publishCold(title: string, script: string): Scenario {
  const images = new Map<Way, string>()
  let publisher: Publisher | undefined
  const build = async (way: Way): Promise<Measurement> => {
    const image = images.get(way) ?? ''
    await publisher!.forget(image)
    return publisher!.build(way, image, ['--cache-image', `${image}-cache`])
  }
  return {
    title,
    get ways() {
      return publishers()
    },
    async prepare(bench) {
      publisher = await Publisher.start(bench, script)
      for (const way of this.ways) {
        images.set(way, publisher.image())
        await build(way)
        await build(way)
      }
    },
    measure: build,
    end: async () => publisher?.[Symbol.asyncDispose](),
  }
}

function publishers(): readonly Way[] {
  return packProgram() === undefined ? ['published'] : ['published', 'pack']
}

/** A registry with the run image, which the engine does not have, and an app to publish there. */
class Publisher implements AsyncDisposable {
  readonly #bench: Workbench
  readonly #registry: Registry
  readonly #app: string
  readonly #caches: string

  private constructor(bench: Workbench, registry: Registry, app: string) {
    this.#bench = bench
    this.#registry = registry
    this.#app = app
    this.#caches = join(bench.path, 'publish-caches')
  }

  /** @param script the app's build */
  static async start(bench: Workbench, script: string): Promise<Publisher> {
    const registry = await startRegistry()
    const runImage = `${registry.address}/${RUN_IMAGE}`
    await docker('tag', SAMPLE_RUN_IMAGE, runImage)
    await docker('push', '--quiet', runImage)
    await docker('image', 'rm', runImage)
    return new Publisher(bench, registry, await bench.directory(appFiles(script)))
  }

  /** Returns a new name in the registry. */
  image(): string {
    return `${this.#registry.address}/${this.#bench.image()}`
  }

  async build(way: Way, image: string, options: readonly string[] = []): Promise<Measurement> {
    const publishing = way === 'native' ? [] : ['--publish']
    const args = ['build', image, '--path', this.#app, '--builder', BUILDER, '--pull-policy', 'if-not-present', '--run-image', `${this.#registry.address}/${RUN_IMAGE}`, ...publishing, ...options]
    const env = { CNB_CACHE_DIR: this.#caches }
    return way === 'pack' ? measure(packProgram() ?? 'pack', [...args, '--trust-builder', '--network', 'host'], env) : measureCnb(args, env)
  }

  /** Removes all that both tools keep on this machine for builds of an image. */
  async forget(image: string): Promise<void> {
    await rm(this.#caches, { recursive: true, force: true })
    const name = image.slice(this.#registry.address.length + 1).replace('/', '_')
    await removeVolumes(await docker('volume', 'ls', '--quiet', '--filter', `name=${name}_latest`))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeImages(`${this.#registry.address}/${RUN_IMAGE}`)
    await this.#registry[Symbol.asyncDispose]()
  }
}
