/** Apps that print the environment of their build, to test the effect of options of `cnb build`. */

import type { BuildResult } from '../../src/operations/build/build-result.ts'
import { succeedJson, type RunOptions } from './cnb.ts'
import { runImage } from './engines/docker.ts'
import { USING_BUILDER, appFiles, processes } from './script-builder.ts'
import { makeWorkbench, type Workbench } from './workbench.ts'

export interface SayingBench extends Workbench {
  readonly build: (image: string, app: string, options?: readonly string[], run?: RunOptions) => Promise<BuildResult>
  /** Creates an app: its build runs `script` (bash), which writes the file `said`; its process prints that file. */
  readonly sayingApp: (script: string, files?: Record<string, string>) => Promise<string>
  /** Builds an app, runs it and returns its output. */
  readonly said: (app: string, options?: readonly string[], run?: RunOptions) => Promise<string>
}

export async function makeSayingBench(): Promise<SayingBench> {
  const bench = await makeWorkbench()
  const build: SayingBench['build'] = (image, app, options = [], run = {}) =>
    succeedJson<BuildResult>(['build', image, '--path', app, ...USING_BUILDER, ...options], run)
  return {
    ...bench,
    build,
    sayingApp: (script, files = {}) => bench.directory(appFiles(`${script}\n${processes({ web: 'cat said' })}`, files)),
    async said(app, options, run) {
      const image = bench.image()
      await build(image, app, options, run)
      return runImage(image)
    },
  }
}
