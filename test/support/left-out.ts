/** Tests that a machine cannot run: those that need a program that it lacks, where programs.ts cannot get it. */

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Each is in the package of Debian and Ubuntu that has its name. */
const PROGRAMS = ['docker-registry', 'skopeo', 'openssl']

const NEEDED_BY: Readonly<Record<string, readonly string[]>> = {
  'docker-registry': ['client-faults', 'fault-proxy', 'path-credentials', 'real-registry', 'shipped'].map((name) => `test/contract/registry/${name}.test.ts`),
  skopeo: ['test/contract/images/skopeo.test.ts'],
}

/** Runs a buildpack of the sample builder, for which the bash of macOS is too old. */
const NEEDS_BASH_5 = 'test/unit/builder/sample-procfile.test.ts'

/** Programs that tests run and that are not on the PATH. */
export function missingPrograms(): string[] {
  const directories = (process.env['PATH'] ?? '').split(delimiter)
  return PROGRAMS.filter((program) => !directories.some((directory) => isExecutable(join(directory, program))))
}

/** Test files to leave out. On Linux there are none: a test that lacks its program fails. */
export function leftOut(): string[] {
  if (process.platform === 'linux') return []
  return [NEEDS_BASH_5, ...missingPrograms().flatMap((program) => NEEDED_BY[program] ?? [])]
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
