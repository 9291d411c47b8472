#!/usr/bin/env bash
# undici's ProxyAgent fails on https when it is imported from its own file, although Agent works that way.
#
# Version: undici 7.30.2, Node.js 20.19 or later.
#
# undici has no `exports` map, so tools that want a small bundle import single files such as undici/lib/dispatcher/agent.js.
# Dispatchers send requests that way. But the methods request, stream, pipeline, connect and upgrade are not part of the class:
# the package's index.js adds them to Dispatcher.prototype when it is loaded. ProxyAgent calls connect on its inner client for
# every https origin, so a CONNECT proxy fails with a TypeError before a byte is sent, while plain http requests pass.
#
# Seen: the lines at the end, which the run must print again.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit --save-exact undici@7.30.2 >/dev/null

cat >run.js <<'JS'
const http = require('node:http')
const Dispatcher = require('undici/lib/dispatcher/dispatcher.js')
const Agent = require('undici/lib/dispatcher/agent.js')
const ProxyAgent = require('undici/lib/dispatcher/proxy-agent.js')

const ask = (dispatcher, origin) => new Promise((resolve) => {
  dispatcher.dispatch({ origin, path: '/', method: 'GET' }, {
    onRequestStart() {},
    onResponseStart(_, status) { resolve(`status ${status}`) },
    onResponseData() {},
    onResponseEnd() {},
    onResponseError(_, error) { resolve(`${error.name}: ${error.message}`) },
  })
})

const server = http.createServer((_, response) => response.end('hello'))
let connects = 0
server.on('connect', (_, socket) => { connects += 1; socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n') })
server.listen(0, '127.0.0.1', async () => {
  const origin = `http://127.0.0.1:${server.address().port}`
  const proxied = () => ask(new ProxyAgent(origin), 'https://registry.example')
  console.log('Agent, http:', await ask(new Agent(), origin))
  console.log('methods before index.js:', typeof Dispatcher.prototype.connect)
  console.log('ProxyAgent, https:', await proxied(), `(${connects} CONNECT)`)
  require('undici')
  console.log('methods after index.js:', typeof Dispatcher.prototype.connect)
  console.log('ProxyAgent, https:', await proxied(), `(${connects} CONNECT)`)
  process.exit()
})
JS
node run.js >seen
cat seen
diff - seen <<'SEEN'
Agent, http: status 200
methods before index.js: undefined
ProxyAgent, https: TypeError: this[kClient].connect is not a function (0 CONNECT)
methods after index.js: function
ProxyAgent, https: AbortError: Proxy response (503) !== 200 when HTTP Tunneling (1 CONNECT)
SEEN
