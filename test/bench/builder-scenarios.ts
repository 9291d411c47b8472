/** Scenarios of builders and packages, compared with pack if $CNB_TEST_PACK names it. */

import { join } from 'node:path'
import { succeed } from '../support/cnb.ts'
import { appFiles, BUILDER, scriptBuildpackFiles } from '../support/script-builder.ts'
import type { Workbench } from '../support/workbench.ts'
import { writeFiles } from '../support/workbench.ts'
import { randomLayer } from './apps.ts'
import { measureCnb } from './measure.ts'
import { PackagedBuildpacks, packProgram, type Place, type Tool } from './packaged-buildpacks.ts'
import type { Scenario, Way } from './scenarios.ts'

/** The packages that all scenarios of a run share. */
let shared: Promise<PackagedBuildpacks> | undefined

function packages(bench: Workbench): Promise<PackagedBuildpacks> {
  return (shared ??= PackagedBuildpacks.start(join(bench.path, 'packages')))
}

async function end(): Promise<void> {
  const ending = shared
  shared = undefined
  await (await ending)?.[Symbol.asyncDispose]()
}

function tools(): readonly Tool[] {
  return packProgram() === undefined ? ['native'] : ['native', 'pack']
}

/** Returns a new image name in a place. */
function imageAt(place: Place, bench: Workbench, { registry }: PackagedBuildpacks): string {
  return place === 'engine' ? bench.image() : `${registry}/${bench.image()}`
}

/** Creates a new builder each time, with empty caches. */
export function createBuilder(title: string, place: Place): Scenario {
  let packaged: PackagedBuildpacks
  let newImage = (): string => ''
  return {
    title,
    withoutBuilder: true,
    get ways() {
      return tools()
    },
    async prepare(bench) {
      packaged = await packages(bench)
      newImage = () => imageAt(place, bench, packaged)
    },
    async measure(way) {
      await packaged.forget()
      return packaged.create(way as Tool, newImage(), place)
    },
    end,
  }
}

/** Creates a builder again, after a first time. Each tool has its own builder. */
export function createBuilderAgain(title: string, place: Place): Scenario {
  const images = new Map<Way, string>()
  let packaged: PackagedBuildpacks
  const create = (way: Way) => packaged.create(way as Tool, images.get(way) ?? '', place)
  return {
    title,
    withoutBuilder: true,
    get ways() {
      return tools()
    },
    async prepare(bench) {
      packaged = await packages(bench)
      for (const way of this.ways) images.set(way, imageAt(place, bench, packaged))
    },
    // Other scenarios remove the caches of both tools.
    async begin() {
      for (const way of this.ways) await create(way)
    },
    measure: create,
    end,
  }
}

/** Publishes a builder to the registry that has its packages and images. */
export function createWithinRegistry(title: string): Scenario {
  let packaged: PackagedBuildpacks
  return {
    title,
    ways: ['native'],
    once: true,
    withoutBuilder: true,
    async prepare(bench) {
      packaged = await packages(bench)
    },
    measure: () => packaged.createWithin(),
    end,
  }
}

/** Rebuilds an app with a buildpack that the builder contains, and with the same buildpack as a package in the cache. */
export function buildWithPackage(title: string): Scenario {
  const id = 'bench/script'
  const builds = new Map<Way, string[]>()
  let packaged: PackagedBuildpacks
  const build = (way: Way) => measureCnb(['build', ...(builds.get(way) ?? [])], packaged.env)
  return {
    title,
    ways: ['native', 'contained'],
    async prepare(bench) {
      packaged = await packages(bench)
      const name = await packaged.publish(id, scriptBuildpackFiles(id))
      const app = ['--path', await bench.directory(appFiles(randomLayer(20))), '--pull-policy', 'if-not-present']
      const [builder, config] = [bench.image(), join(packaged.directory, 'contained.toml')]
      await writeFiles(packaged.directory, { 'contained.toml': packaged.builderToml([id]) })
      await succeed(['builder', 'create', builder, '--config', config], { env: packaged.env })
      builds.set('native', [bench.image(), ...app, '--builder', BUILDER, '--buildpack', `docker://${name}`])
      builds.set('contained', [bench.image(), ...app, '--builder', builder])
    },
    // Other scenarios remove the cache.
    async begin() {
      for (const way of this.ways) await build(way)
    },
    measure: build,
    end,
  }
}
