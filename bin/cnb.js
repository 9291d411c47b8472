#!/usr/bin/env -S node --
// The two dashes keep Node from taking --env-file, which is an option of its own, for itself.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`cnb needs Node 20.19 or newer; this is ${process.version}\n`)
  process.exitCode = 1
} else {
  import('../dist/main.js').catch((error) => {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !String(error.message).includes('dist/main.js')) throw error
    process.stderr.write("cnb is not bundled yet: run 'npm ci && npm run build' in its directory, or bin/try\n")
    process.exitCode = 1
  })
}
