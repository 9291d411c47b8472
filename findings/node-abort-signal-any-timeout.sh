#!/usr/bin/env bash
# In Node.js 20, a time limit inside of AbortSignal.any is never reached after a full garbage collection.
#
# Version: Node.js 20.20.2 (npm package node). Node.js 22 does not do this.
#
# `AbortSignal.any([signal, AbortSignal.timeout(ms)])` is the documented way to combine a caller's signal with a time limit. The
# joined signal is in use and has a listener, so its sources seem safe. But Node.js 20 refers to them only weakly: a full collection
# takes the timeout, and then neither the listener runs nor does `aborted` become true. The work that should end goes on for ever,
# but only in programs that live long enough for a full collection. A timeout with a listener of its own is kept.
#
# Seen: the lines at the end, which the run must print again.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

npm init --yes >/dev/null
npm install --silent --no-audit --no-fund node@20.20.2 >/dev/null 2>&1

cat >limits.mjs <<'JS'
import { setTimeout as pause } from 'node:timers/promises'

const outer = new AbortController()
const kept = (signal) => (signal.addEventListener('abort', () => {}), signal)
const cases = {
  'a timeout': () => AbortSignal.timeout(300),
  'any of a timeout and a signal': () => AbortSignal.any([AbortSignal.timeout(300), outer.signal]),
  'any of a timeout with a listener and a signal': () => AbortSignal.any([kept(AbortSignal.timeout(300)), outer.signal]),
}
console.log('Node.js', process.version)
for (const [name, make] of Object.entries(cases)) {
  const signal = make()
  let heard = false
  signal.addEventListener('abort', () => (heard = true))
  for (let time = 0; time < 10; time++) {
    globalThis.gc()
    await pause(20)
  }
  await pause(500)
  console.log(`${name}: listener ${heard ? 'ran' : 'did not run'}, aborted ${signal.aborted}`)
}
JS
./node_modules/.bin/node --expose-gc limits.mjs >seen

diff - seen <<'SEEN'
Node.js v20.20.2
a timeout: listener ran, aborted true
any of a timeout and a signal: listener did not run, aborted false
any of a timeout with a listener and a signal: listener ran, aborted true
SEEN
echo "a timeout inside of AbortSignal.any is lost in Node.js 20.20.2"
