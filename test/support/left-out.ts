/** Test files that a machine cannot run, because programs are missing that programs.ts cannot get. */

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Debian and Ubuntu have a package with the same name for each. */
const PROGRAMS = ['docker-registry', 'skopeo', 'openssl', 'tmux']

const NEEDED_BY: Readonly<Record<string, readonly string[]>> = {
  'docker-registry': ['client-faults', 'fault-proxy', 'path-credentials', 'real-registry', 'shipped'].map((name) => `test/contract/registry/${name}.test.ts`),
  skopeo: ['test/contract/images/skopeo.test.ts'],
}

/** It runs a buildpack of the sample builder, for which the bash of macOS is too old. */
const NEEDS_BASH_5 = 'test/unit/builder/sample-procfile.test.ts'

/** Returns the programs that tests run and that are not on the PATH. */
export function missingPrograms(): string[] {
  const directories = (process.env['PATH'] ?? '').split(delimiter)
  return PROGRAMS.filter((program) => !directories.some((directory) => isExecutable(join(directory, program))))
}

/** Returns the test files to skip. On Linux the list is empty: a test without its program fails. */
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
