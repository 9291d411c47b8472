/**
 * The bundle of src/ that is in dist/: one script, beside it the code that V8 made of it when it was bundled (test/support/bundle.mjs).
 * With that code a command has its modules in less than half the time; where V8 does not take it, for it is another version's, it
 * compiles the script.
 */

import { readFileSync } from 'node:fs'
import Module from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'

const PATH = fileURLToPath(new URL('../dist/cnb.cjs', import.meta.url))

export const CODE_PATH = `${PATH}.code`

/** Gives the script, or undefined where nobody has bundled it yet. */
export function readBundle() {
  const source = readIfThere(PATH)
  return source && new Script(Module.wrap(source.toString()), { filename: PATH, cachedData: readIfThere(CODE_PATH) })
}

/** Runs it with the process's arguments, as Node runs a CommonJS module. */
export function runBundle(script) {
  const module = { exports: {} }
  script.runInThisContext()(module.exports, Module.createRequire(PATH), module, PATH, dirname(PATH))
}

function readIfThere(path) {
  try {
    return readFileSync(path)
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}
