import { build } from 'rolldown'
import { defineConfig } from 'vitest/config'
import { BUNDLING } from '../bin/bundling.mjs'
import { leftOut } from './support/left-out.ts'

/** Resolves a package to its bundled parts. */
const bundled = (name: string) => ({
  name: `bundled-${name}`,
  enforce: 'pre',
  resolveId: (id: string) => (id === name ? `\0bundled-${name}` : undefined),
  load: async (id: string) => (id === `\0bundled-${name}` ? bundleOf(name) : undefined),
}) as const

/** Tests run the parts of undici that ship. GitHub's parser imports JSON in a form that Node.js rejects. */
const BUNDLED = ['undici', '@actions/workflow-parser/actions/index'].map(bundled)

async function bundleOf(name: string): Promise<string> {
  const banner = "import { createRequire } from 'node:module'; const require = createRequire('/');"
  const { output } = await build({ ...BUNDLING, input: name, write: false, output: { format: 'esm', codeSplitting: false, polyfillRequire: false, banner } })
  return output[0].code
}

const project = (name: string, timeout: number, more: object = {}) => ({
  plugins: BUNDLED,
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: timeout, hookTimeout: timeout, deps: DIRECT, ...more },
})

/** Imports packages as Node.js does; otherwise vitest wraps each in a proxy, and every use of a member takes much longer. */
const DIRECT = { interopDefault: false }

/**
 * The fast tests. One process per core runs many files, because a new process for each file would take most of the time; tests must
 * clean up. They are one project, because processes and transformed modules are not shared by projects.
 */
const FAST = { include: ['test/{unit,contract}/**/*.test.ts'], isolate: false, maxWorkers: '100%', exclude: leftOut() }

/** The set-up that finds the programs which tests run. */
const PROGRAMS = 'test/support/programs.ts'

/** `unit` has the unit and contract tests, which are fast and need no engine; `engine` and `e2e` run against $DOCKER_HOST, one file at a time. */
export default defineConfig({
  test: {
    projects: [
      project('unit', 60_000, { ...FAST, globalSetup: PROGRAMS }),
      project('engine', 300_000, { fileParallelism: false, globalSetup: PROGRAMS }),
      project('e2e', 600_000, { fileParallelism: false, globalSetup: [PROGRAMS, 'test/support/e2e-setup.ts'] }),
    ],
  },
})
