import { defineConfig } from 'vitest/config'

const project = (name: string, timeout: number, more: object = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: timeout, hookTimeout: timeout, ...more },
})

/** One process for many files, not a new one for each, which would be most of the time: no test may leave anything behind. */
const SHARED = { isolate: false }

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
