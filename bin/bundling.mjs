// The bundling of src/, without unused parts of libraries. Tests of src/registry use it too (vitest.config.ts).

// dockerode includes BuildKit sessions (grpc, protobuf), ssh and tar-fs. cnb does not use them, and they are most of
// its size and start-up time.
const UNUSED = /^(@grpc\/grpc-js|@grpc\/proto-loader|protobufjs(\/.*)?|ssh2|cpu-features|tar-fs)$/
// undici's index also loads fetch, WebSockets, caches and mocks, which takes a tenth of a second and which src/registry does not use.
// The bundler fails if an update moves a file, or if src/registry imports a part that is not listed here.
const UNDICI = {
  Agent: 'undici/lib/dispatcher/agent.js',
  buildConnector: 'undici/lib/core/connect.js',
}

/** Modules that a library loads and cnb does not use: imported path, importing library, content. */
const STUBS = [
  [UNUSED, /./, 'module.exports = {}'],
  // docker-modem: a log that opens standard error, TLS, which the agent does itself (client.ts), and Node's streams a second time.
  [/^debug$/, /[/\\]docker-modem[/\\]/, 'module.exports = () => () => {}'],
  [/^https$/, /[/\\]docker-modem[/\\]/, 'module.exports = {}'],
  [/^readable-stream$/, /[/\\]docker-modem[/\\]/, "module.exports = require('node:stream')"],
  // commander needs it only for subcommands in separate programs, which cnb does not have; loading it is 5 % of the time of --help.
  [/^node:child_process$/, /[/\\]commander[/\\]/, 'module.exports = {}'],
  // Bun opens the standard streams if the bundler's import copies the members of process. commander requires it, which copies nothing.
  [/^node:process$/, /[/\\]node_modules[/\\](?!commander[/\\])/, 'export default process'],
  // undici needs them for form bodies and HTTP/2; it supports Node.js without http2.
  [/^\.\.\/web\/fetch\/body\.js$/, /[/\\]undici[/\\]lib[/\\]/, 'module.exports = {}'],
  [/^node:http2$/, /[/\\]undici[/\\]lib[/\\]/, 'module.exports = { constants: {} }'],
]

const parts = {
  name: 'parts',
  resolveId(path, importer = '') {
    if (path === 'undici') return '\0undici'
    const stub = STUBS.findIndex(([stubbed, library]) => stubbed.test(path) && library.test(importer))
    return stub < 0 ? undefined : `\0stub-${stub}:${path}`
  },
  load(id) {
    if (id === '\0undici') return Object.entries(UNDICI).map(([name, path]) => `export { default as ${name} } from '${path}'`).join('\n')
    const [, stub] = /^\0stub-(\d+):/.exec(id) ?? []
    return stub === undefined ? undefined : STUBS[stub][2]
  },
  generateBundle(_, bundle) {
    const modules = Object.values(bundle).flatMap(({ moduleIds = [] }) => moduleIds)
    const found = modules.filter((path) => /[/\\]undici[/\\](index\.js|lib[/\\](web|mock|cache|interceptor)[/\\])/.test(path))
    if (found.length > 0) this.error(`undici's parts load additional, unused files: ${found.join(', ')}`)
  },
}

/** @type {import('rolldown').InputOptions} */
export const BUNDLING = {
  platform: 'node',
  transform: { target: 'node20' },
  plugins: [parts],
  // @iarna/toml evaluates a constant to load `util`; the library imports some modules at once that the command imports lazily.
  checks: { eval: false, ineffectiveDynamicImport: false },
  onLog(level, { message }) {
    if (level === 'warn') throw new Error(message)
  },
}
