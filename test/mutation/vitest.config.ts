/** The fast tests alone, for Stryker: without an engine, and one file after the other. */

import { defineConfig } from 'vitest/config'
import tests from '../vitest.config.ts'

const projects = (tests.test?.projects ?? []).filter((project) => typeof project === 'object' && 'test' in project && project.test?.name === 'unit')

export default defineConfig({ test: { projects } })
