// Loaded into a measured process before its own code: tells its peak resident memory on file descriptor 3, in KiB.
// Not by process.resourceUsage(): the kernel counts what the parent had at the fork in there.
const { readFileSync, writeSync } = require('node:fs')

process.on('exit', () => {
  try {
    writeSync(3, /VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '')
  } catch {
    // No /proc, or nobody who wants to know.
  }
})
