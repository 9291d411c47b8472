import { build } from 'esbuild'
import { defineConfig } from 'vitest/config'
import { BUNDLING } from '../bin/bundling.js'
import { leftOut } from './support/left-out.ts'

/** Gives tests the parts of undici that are bundled, as they are bundled, and not the package: what ships is what is tested. */
const undiciAsBundled = {
  name: 'undici-as-bundled',
  enforce: 'pre',
  resolveId: (id: string) => (id === 'undici' ? '\0undici-as-bundled' : undefined),
  load: async (id: string) => (id === '\0undici-as-bundled' ? bundleOf('undici') : undefined),
} as const

async function bundleOf(name: string): Promise<string | undefined> {
  const stdin = { contents: `export * from '${name}'`, resolveDir: import.meta.dirname }
  const require = "import { createRequire } from 'node:module'; const require = createRequire('/')"
  const { outputFiles } = await build({ ...BUNDLING, stdin, format: 'esm', banner: { js: require }, write: false })
  return outputFiles?.[0]?.text
}

const project = (name: string, timeout: number, more: object = {}) => ({
  plugins: [undiciAsBundled],
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: timeout, hookTimeout: timeout, ...more },
})

/** One process for each core and many files, not a new one for each file, which would be most of the time: no test may leave anything behind. */
const SHARED = { isolate: false, maxWorkers: '100%', exclude: leftOut() }

/** Finds what is to be run beside cnb. */
const PROGRAMS = 'test/support/programs.ts'

/** `unit` and `contract` are fast and need no engine; `engine` and `e2e` run against $DOCKER_HOST, one file at a time. */
export default defineConfig({
  test: {
    projects: [
      project('unit', 30_000, { ...SHARED, globalSetup: PROGRAMS }),
      project('contract', 60_000, { ...SHARED, globalSetup: PROGRAMS }),
      project('engine', 300_000, { fileParallelism: false, globalSetup: PROGRAMS }),
      project('e2e', 600_000, { fileParallelism: false, globalSetup: [PROGRAMS, 'test/support/e2e-setup.ts'] }),
    ],
  },
})
