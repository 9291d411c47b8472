/** Packages of buildpacks in a local registry, and builders of them by cnb and by pack. */

import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { succeed } from '../support/cnb.ts'
import { docker } from '../support/engines/docker.ts'
import { type FaultProxy, startFaultProxy } from '../support/fakes/fault-proxy.ts'
import { type Registry, startRegistry } from '../support/registry/registry.ts'
import { buildpackFiles, SAMPLE_RUN_IMAGE } from '../support/script-builder.ts'
import { removeImages, writeFiles } from '../support/workbench.ts'
import { carriedBytes } from './carried-bytes.ts'
import { type Measurement, measure, measureCnb } from './measure.ts'

const LIFECYCLE = join(import.meta.dirname, '../../builders/sample/lifecycle/out')
const BUILD_IMAGE = 'cnb-sample/build:bookworm'
const IDS = Array.from({ length: 20 }, (_, at) => `bench/number-${at + 1}`)
/** In bytes; the content is random, so packages do not shrink. */
const SIZE = 10_000_000

export type Tool = 'native' | 'pack'
/** Where builders are saved. */
export type Place = 'engine' | 'registry'

/** The path of pack, if it is to be measured. */
export function packProgram(): string | undefined {
  return process.env['CNB_TEST_PACK']
}

export class PackagedBuildpacks implements AsyncDisposable {
  readonly #registry: Registry
  /** In front of the registry, to count bytes. */
  readonly #proxy: FaultProxy
  readonly directory: string
  /** The builders on the engine. */
  readonly #builders = new Set<string>()

  private constructor(registry: Registry, proxy: FaultProxy, directory: string) {
    this.#registry = registry
    this.#proxy = proxy
    this.directory = directory
  }

  /** @param directory for the files of buildpacks and builders, and for caches */
  static async start(directory: string): Promise<PackagedBuildpacks> {
    await mkdir(directory, { recursive: true })
    const registry = await startRegistry()
    const packaged = new PackagedBuildpacks(registry, await startFaultProxy(registry), directory)
    await packaged.#fill()
    return packaged
  }

  get registry(): string {
    return this.#registry.address
  }

  /** Publishes a package. Its buildpack also has random content. @returns its name */
  async publish(id: string, files: Readonly<Record<string, string>>): Promise<string> {
    const path = join(this.directory, id.replace('/', '_'))
    await writeFiles(path, files)
    await writeFile(join(path, 'data'), randomBytes(SIZE))
    const name = `${this.registry}/${id}`
    await succeed(['buildpack', 'package', name, '--path', path, '--publish'], { env: this.env })
    return name
  }

  /** The environment in which tools have only the caches of this fixture. */
  get env(): Record<string, string> {
    return { CNB_CACHE_DIR: join(this.directory, 'cnb-cache'), CNB_HOME: join(this.directory, 'home'), PACK_HOME: join(this.directory, 'pack-home') }
  }

  /** Removes all that the tools keep of packages: caches, and the engine's packages and builders. Base images stay: both tools need them. */
  async forget(): Promise<void> {
    for (const builder of this.#builders) await docker('image', 'rm', '--force', builder)
    this.#builders.clear()
    const { CNB_CACHE_DIR = '', PACK_HOME = '' } = this.env
    for (const path of [CNB_CACHE_DIR, PACK_HOME]) await rm(path, { recursive: true, force: true })
    await removeImages(`${this.registry}/bench/*`)
  }

  create(tool: Tool, image: string, place: Place): Promise<Measurement> {
    if (place === 'engine') this.#builders.add(image)
    const args = ['builder', 'create', image, '--config', join(this.directory, 'builder.toml'), ...(place === 'engine' ? [] : ['--publish'])]
    return tool === 'pack' ? measure(packProgram() ?? 'pack', args, this.env) : measureCnb(args, this.env)
  }

  /** Publishes a builder through the proxy, and counts the bytes of existing layers that pass it in either direction. */
  async createWithin(): Promise<Measurement> {
    await this.forget()
    this.#proxy.clear()
    const image = `${this.#proxy.address}/within/${randomBytes(4).toString('hex')}`
    const config = join(this.directory, 'builder-of-proxy.toml')
    const measured = await measureCnb(['builder', 'create', image, '--config', config, '--publish'], this.env)
    const carried = await carriedBytes(this.#proxy.log, this.#registry, image.slice(this.#proxy.address.length + 1), ['build', 'run', ...IDS])
    return { ...measured, carriedBytes: carried }
  }

  async #fill(): Promise<void> {
    for (const [from, name] of [[BUILD_IMAGE, 'build'], [SAMPLE_RUN_IMAGE, 'run']] as const) {
      await docker('tag', from, `${this.registry}/${name}`)
      await docker('push', '--quiet', `${this.registry}/${name}`)
    }
    await measure('tar', ['-czf', join(this.directory, 'lifecycle.tgz'), '-C', LIFECYCLE, 'lifecycle.toml', 'lifecycle'])
    for (const id of IDS) await this.publish(id, buildpackFiles(id, {}))
    await writeFiles(this.directory, {
      'builder.toml': this.builderToml(IDS),
      'builder-of-proxy.toml': this.builderToml(IDS, this.#proxy.address),
    })
  }

  /** Returns the builder.toml of a builder with one group. The names have no scheme: pack's docker:// admits no port. */
  builderToml(ids: readonly string[], registry = this.registry): string {
    return [
      ...ids.map((id) => `[[buildpacks]]\nuri = "${registry}/${id}"`),
      '[[order]]',
      ...ids.map((id) => `[[order.group]]\nid = "${id}"\nversion = "1.0.0"\noptional = true`),
      `[build]\nimage = "${registry}/build"`,
      `[run]\n[[run.images]]\nimage = "${registry}/run"`,
      `[lifecycle]\nuri = "${join(this.directory, 'lifecycle.tgz')}"`,
      // Without a target, pack takes no platform from the images of the engine.
      `[[targets]]\nos = "linux"\narch = "${process.arch === 'arm64' ? 'arm64' : 'amd64'}"`,
    ].join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeImages(`${this.registry}/*`)
    await removeImages(`${this.registry}/*/*`)
    await this.#proxy[Symbol.asyncDispose]()
    await this.#registry[Symbol.asyncDispose]()
  }
}
