#!/usr/bin/env -S node --
// The two dashes keep Node from taking --env-file, which is an option of its own, for itself.
import { readBundle, runBundle } from './bundle.js'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`cnb needs Node 20.19 or newer; this is ${process.version}\n`)
  process.exitCode = 1
} else {
  const bundle = readBundle()
  if (bundle) runBundle(bundle)
  else {
    process.stderr.write("cnb is not bundled yet: run 'npm ci && npm run build' in its directory, or bin/try\n")
    process.exitCode = 1
  }
}
