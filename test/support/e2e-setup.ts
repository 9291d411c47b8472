/** Vitest's global set-up of the end-to-end tests: the builder that most of them use. */

import { makeTemporaryDirectory } from '../../src/base/files.ts'
import { removeConformanceBuilds } from './conformance/conformance-build.ts'
import { makeScriptBuilder, removeScriptBuilder } from './script-builder.ts'

export async function setup(): Promise<void> {
  await using directory = await makeTemporaryDirectory('cnb-e2e-builder-')
  await makeScriptBuilder(directory.path)
}

export async function teardown(): Promise<void> {
  await removeConformanceBuilds()
  await removeScriptBuilder()
}
