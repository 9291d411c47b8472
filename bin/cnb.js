#!/usr/bin/env -S node --
// CommonJS (see package.json), which Node starts faster than a module.
// The two dashes keep Node from taking --env-file, which is an option of its own, for itself.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`cnb needs Node 20.19 or newer; this is ${process.version}\n`)
  process.exitCode = 1
} else {
  require('../dist/main.js')
}
