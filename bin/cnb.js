#!/usr/bin/env -S node --
// CommonJS (see package.json), which Node starts faster than a module.
// The two dashes keep Node from taking --env-file, which is an option of its own, for itself.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`cnb needs Node 20.19 or newer; this is ${process.version}\n`)
  process.exitCode = 1
} else {
  storeCompiledCode()
  require('../dist/main.js')
}

/**
 * Lets Node 22 and newer store compiled code in cnb's cache directory (docs/configuration.md), which makes the next start faster.
 * Node trusts the stored code, so a directory that another user can change is not used.
 */
function storeCompiledCode() {
  const { enableCompileCache } = require('node:module')
  const { CNB_CACHE_DIR: own, XDG_CACHE_HOME: xdg, HOME: home } = process.env
  if (!enableCompileCache || !home) return
  const cache = own || (xdg?.startsWith('/') ? `${xdg}/cnb` : `${home}/.cache/cnb`)
  const { statSync } = require('node:fs')
  for (const path of [`${cache}/code`, cache, home]) {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found && (found.uid !== process.getuid?.() || (found.mode & 0o002) !== 0)) return
  }
  enableCompileCache(`${cache}/code`)
}
