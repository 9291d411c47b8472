/** The scenarios of apps with many files. */

import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { docker } from '../support/engines/docker.ts'
import { appFiles, USING_BUILDER } from '../support/script-builder.ts'
import { randomLayer, writeTree } from './apps.ts'
import { type Measurement, measureCnb } from './measure.ts'
import type { Scenario, Way } from './scenarios.ts'

const FILES = 40_000
const OPTIONS: Partial<Record<Way, readonly string[]>> = { native: [], creator: ['--lifecycle', 'stock', '--trust-builder'] }
const WAYS: readonly Way[] = ['native', 'creator']

function build(image: string, app: string, way: Way): Promise<Measurement> {
  return measureCnb(['build', image, '--path', app, ...USING_BUILDER, ...(OPTIONS[way] ?? [])])
}

/** Removes an image and the volumes of its builds: the next build is a first one. */
export async function forget(image: string): Promise<void> {
  await docker('image', 'rm', '--force', image)
  const volumes = await docker('volume', 'ls', '--quiet', '--filter', `name=${image.replace('/', '_')}_latest`)
  await docker('volume', 'rm', ...volumes.split('\n'))
}

/** Builds an app of many files again. @param change whether one file changes before each build */
export function rebuildOfFiles(title: string, change: boolean): Scenario {
  const images = new Map<Way, string>()
  let app = ''
  let round = 0
  return {
    title,
    ways: WAYS,
    async prepare(bench) {
      app = await bench.directory(appFiles(randomLayer(20)))
      await writeTree(app, FILES)
      for (const way of WAYS) {
        images.set(way, bench.image())
        for (let time = 0; time < 2; time++) await build(images.get(way) ?? '', app, way)
      }
    },
    async measure(way) {
      if (change) await appendFile(join(app, 'src/part-7/file-700.js'), `// ${++round}\n`)
      return build(images.get(way) ?? '', app, way)
    },
  }
}

/** Builds an app of many files for the first time. Both images have the same layers, so each is removed before the next build. */
export function firstBuildOfFiles(title: string): Scenario {
  let app = ''
  let newImage = (): string => ''
  return {
    title,
    ways: WAYS,
    async prepare(bench) {
      app = await bench.directory(appFiles(randomLayer(20)))
      await writeTree(app, FILES)
      newImage = () => bench.image()
    },
    async measure(way) {
      const image = newImage()
      const measured = await build(image, app, way)
      await forget(image)
      return measured
    },
  }
}
