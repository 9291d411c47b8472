// Preloaded into a measured process: writes its peak resident memory in KiB to file descriptor 3.
// It does not use process.resourceUsage(), which includes the parent's memory at the time of the fork.
const { readFileSync, writeSync } = require('node:fs')

process.on('exit', () => {
  try {
    writeSync(3, /VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '')
  } catch {
    // /proc or the file descriptor is missing.
  }
})
