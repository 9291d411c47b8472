/** The measured scenarios, each with all ways to run it. */

import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BINARY } from '../support/cnb.ts'
import { docker } from '../support/engines/docker.ts'
import { USING_BUILDER, appFiles } from '../support/script-builder.ts'
import { removeVolumes, type Workbench } from '../support/workbench.ts'
import { SMALL_FILES, manyLayers, randomLayer, writeTree } from './apps.ts'
import { type Measurement, measure, measureCnb } from './measure.ts'
import { BaseMover } from './bases.ts'
import { buildWithPackage, createBuilder, createBuilderAgain, createWithinRegistry } from './builder-scenarios.ts'
import { devLoop } from './dev-scenario.ts'
import { Fleet } from './fleet.ts'
import { patchedStack, unchangedImages } from './resource-scenarios.ts'
import { publishAgain, publishCold, publishFirst } from './publish-scenarios.ts'
import { ifChanged } from './unchanged-scenario.ts'

/**
 * A way to run a scenario: the native driver; the stock lifecycle's creator, five phases or rebaser; the native driver with a
 * registry for the image; only gzip, on all processors; pack; the native driver with a builder that contains the buildpack; the
 * native driver with --if-changed; git status, or git ls-remote of all sources; a rebase of the list of all images; an empty program of
 * Node.js.
 */
export type Way = 'native' | 'creator' | 'phases' | 'rebaser' | 'published' | 'gzip' | 'pack' | 'contained' | 'unchanged' | 'git' | 'listed' | 'node'

const OPTIONS = {
  native: ['--lifecycle', 'native'],
  creator: ['--lifecycle', 'stock', '--trust-builder'],
  phases: ['--lifecycle', 'stock'],
} as const

type Driver = keyof typeof OPTIONS

export interface Scenario {
  readonly title: string
  readonly ways: readonly Way[]
  /** Whether one round is enough, because the result does not vary. */
  readonly once?: boolean
  /** Whether the scenario needs no builds on the engine. */
  readonly withoutBuilder?: boolean
  /** Prepares the first round. */
  prepare(bench: Workbench): Promise<void>
  /** Prepares a round for all ways. */
  begin?(): Promise<void>
  measure(way: Way): Promise<Measurement>
  /** Releases the resources of `prepare`. */
  end?(): Promise<void>
}

/** The files of an app of many. */
const MANY = 40_000

/** The scenarios in the order of measurement: the small ones first. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  small: rebuild('nothing changed, 20 MB layer', randomLayer(20), ['native', 'creator', 'phases']),
  files: rebuild('nothing changed, 30 000 small files', SMALL_FILES, ['native']),
  large: rebuild('nothing changed, 500 MB layer', randomLayer(500), ['native', 'creator', 'phases']),
  changed: rebuild('one source line changed, 500 MB layer', randomLayer(500), ['native', 'creator'], (app, round) =>
    writeFile(join(app, 'main.js'), `console.log('${round}')\n`),
  ),
  first: firstBuild('first build, 500 MB layer', randomLayer(500), ['native', 'creator']),
  'first-files': firstBuild('first build, 30 000 small files in a layer', SMALL_FILES, ['native', 'creator']),
  memory: { ...firstBuild('first build, 2 GB layer', randomLayer(2000), ['native']), once: true },
  rebase: rebase('rebase onto a new base, 500 MB app', randomLayer(500)),
  publish: publishAgain('published, nothing changed, 20 MB layer', randomLayer(20)),
  'publish-large': publishAgain('published, nothing changed, 500 MB layer', randomLayer(500)),
  'publish-first-small': publishFirst('published, 20 MB of new layers', randomLayer(20), []),
  'publish-first': publishFirst('published, 500 MB of new layers', randomLayer(500), ['gzip']),
  cold: publishCold('published, nothing changed, no volumes, cache image, 20 MB layer', randomLayer(20)),
  'cold-large': publishCold('published, nothing changed, no volumes, cache image, 500 MB layer', randomLayer(500)),
  fleet: rebaseFleet('rebase of 100 images in a local registry', 100, ['native', 'rebaser']),
  create: createBuilder('builder from 20 packages of 10 MB, empty caches', 'engine'),
  'create-again': createBuilderAgain('that builder again, nothing changed', 'engine'),
  'create-published': createBuilder('builder in a registry from 20 packages of 10 MB there, empty caches', 'registry'),
  'create-published-again': createBuilderAgain('that builder again, nothing changed', 'registry'),
  within: createWithinRegistry('builder in the registry of its packages, bytes counted'),
  packaged: buildWithPackage('nothing changed, 20 MB layer, buildpack of 10 MB from a cached package'),
  many: rebuild('nothing changed, app of 40 000 files', randomLayer(20), ['native', 'creator'], undefined, MANY),
  'many-changed': rebuild('one file changed, app of 40 000 files', randomLayer(20), ['native', 'creator'], (app, round) =>
    appendFile(join(app, 'src/part-7/file-700.js'), `// ${round}\n`), MANY),
  'many-first': firstBuild('first build, app of 40 000 files', randomLayer(20), ['native', 'creator'], MANY),
  eight: atOnce('nothing changed, eight builds at once, 20 MB layers', 8, randomLayer(20), ['native', 'creator']),
  layers: rebuild('nothing changed, 300 cached layers', manyLayers(300), ['native', 'creator']),
  'layers-many': rebuild('nothing changed, 3 000 cached layers', manyLayers(3000), ['native', 'creator']),
  'layers-first': firstBuild('first build, 300 cached layers', manyLayers(300), ['native', 'creator']),
  'layers-many-first': firstBuild('first build, 3 000 cached layers', manyLayers(3000), ['native', 'creator']),
  dev: devLoop('one line of node-web changed, until the app answers'),
  unchanged: ifChanged('--if-changed, nothing changed, 20 MB layer', randomLayer(20), 1, 'native'),
  'unchanged-files': ifChanged('--if-changed, nothing changed, 50 000 files', randomLayer(20), 50_000, 'git'),
  'plan-100': unchangedImages('plan of 100 images, nothing changed', 'plan', 100),
  'apply-100': unchangedImages('apply of 100 images, nothing changed', 'apply', 100),
  'stack-100': patchedStack('patched run image under 100 images', 100),
  completion: completion('completion of a command', '+bui'),
  'completion-images': completion('completion of an image on the engine', '+', 'inspect'),
  thousand: { ...rebaseFleet('rebase of 1000 images in a local registry', 1000, ['native']), once: true },
}

function build(image: string, app: string, way: Way, options: readonly string[] = []): Promise<Measurement> {
  return measureCnb(['build', image, '--path', app, ...USING_BUILDER, ...OPTIONS[way as Driver], ...options])
}

/** Each way has a separate image, and therefore a separate cache. A first build and a rebuild precede the first round. */
function rebuild(title: string, script: string, ways: readonly Driver[], change?: (app: string, round: number) => Promise<void>, files = 0): Scenario {
  const images = new Map<Way, string>()
  let app = ''
  let count = 0
  const run = async (way: Way): Promise<Measurement> => {
    await change?.(app, ++count)
    return build(images.get(way) ?? '', app, way)
  }
  return {
    title,
    ways,
    measure: run,
    async prepare(bench) {
      app = await bench.directory(appFiles(script))
      await writeTree(app, files)
      for (const way of ways) {
        images.set(way, bench.image())
        await run(way)
        await run(way)
      }
    },
  }
}

/** Builds several images at the same time. Their first builds run one after the other, because the engine loads their layers. */
function atOnce(title: string, count: number, script: string, ways: readonly Driver[]): Scenario {
  const images = new Map<Way, readonly string[]>()
  let app = ''
  return {
    title,
    ways,
    async prepare(bench) {
      app = await bench.directory(appFiles(script))
      for (const way of ways) {
        const names = Array.from({ length: count }, () => bench.image())
        images.set(way, names)
        for (const image of [...names, ...names]) await build(image, app, way)
      }
    },
    async measure(way) {
      const builds = await Promise.all((images.get(way) ?? []).map((image) => build(image, app, way)))
      return { wallMs: Math.max(...builds.map(({ wallMs }) => wallMs)) }
    },
  }
}

/** Builds a new image each time; its volumes are removed before the next build. */
function firstBuild(title: string, script: string, ways: readonly Driver[], files = 0): Scenario {
  let app = ''
  let newImage = (): string => ''
  return {
    title,
    ways,
    async prepare(bench) {
      app = await bench.directory(appFiles(script))
      await writeTree(app, files)
      newImage = () => bench.image()
    },
    async measure(way) {
      const image = newImage()
      const measured = await build(image, app, way)
      await docker('image', 'rm', '--force', image)
      await removeVolumes(await docker('volume', 'ls', '--quiet', '--filter', `name=${image.replace('/', '_')}_latest`))
      return measured
    },
  }
}

/** Both ways rebase separate images onto the same new base. */
function rebase(title: string, script: string): Scenario {
  const images = new Map<Way, string>()
  let bases: BaseMover
  return {
    title,
    ways: ['native', 'rebaser'],
    async prepare(bench) {
      const app = await bench.directory(appFiles(script))
      bases = new BaseMover(bench)
      await bases.move()
      for (const way of this.ways) {
        images.set(way, bench.image())
        await build(images.get(way) ?? '', app, 'native', ['--run-image', bases.name])
      }
    },
    begin: () => bases.move(),
    measure: (way) => (way === 'native' ? bases.rebase(images.get(way) ?? '') : bases.rebaseByStock(images.get(way) ?? '')),
  }
}

/** Completes a word of a command line, as the scripts for shells do. */
function completion(title: string, ...typed: string[]): Scenario {
  return {
    title,
    ways: ['native', 'node'],
    withoutBuilder: true,
    prepare: async () => {},
    measure: (way) => measure(process.execPath, way === 'native' ? [BINARY, '__complete', ...typed] : ['-e', '0']),
  }
}

/** Each way has separate images on the same run image. */
function rebaseFleet(title: string, size: number, ways: readonly Way[]): Scenario {
  const images = new Map<Way, readonly string[]>()
  let fleet: Fleet | undefined
  return {
    title,
    ways,
    withoutBuilder: true,
    async prepare(bench) {
      fleet = await Fleet.start(join(bench.path, `fleet-${size}`))
      for (const way of ways) images.set(way, await fleet.fill(size, way))
    },
    begin: async () => fleet?.move(),
    measure(way) {
      const names = images.get(way) ?? []
      if (!fleet) throw new Error('nothing is prepared')
      return way === 'native' ? fleet.rebase(names) : fleet.rebaseByStock(names)
    },
    end: async () => fleet?.[Symbol.asyncDispose](),
  }
}
