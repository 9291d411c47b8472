/** The scenarios of `--if-changed`. */

import { appFiles, USING_BUILDER } from '../support/script-builder.ts'
import { writeTree } from './apps.ts'
import { measure, measureCnb } from './measure.ts'
import type { Scenario } from './scenarios.ts'

/** Builds an app with nothing changed, and looks for changes with git, or builds without the option. */
export function ifChanged(title: string, script: string, files: number, other: 'git' | 'native'): Scenario {
  let app = ''
  let image = ''
  const build = (...options: string[]) => measureCnb(['build', image, '--path', app, ...USING_BUILDER, ...options])
  const git = (...args: string[]) => measure('git', ['-C', app, '-c', 'user.name=bench', '-c', 'user.email=bench@example.com', ...args])
  return {
    title,
    ways: ['unchanged', other],
    async prepare(bench) {
      app = await bench.directory({ ...appFiles(script), 'project.toml': '[_]\nschema-version = "0.2"\n[io.buildpacks]\nexclude = [".git/"]\n' })
      image = bench.image()
      await writeTree(app, files)
      if (other === 'git') for (const args of [['init', '--quiet'], ['add', '--all'], ['commit', '--quiet', '--message', 'all'], ['status']]) await git(...args)
      // The second build reads files that were too young for the cache in the first.
      for (let round = 0; round < 3; round++) await build('--if-changed')
    },
    measure: (way) => (way === 'unchanged' ? build('--if-changed') : way === 'git' ? git('status', '--porcelain') : build()),
  }
}
