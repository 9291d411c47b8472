// The bundling of src/, without unused parts of libraries. Tests of src/registry use it too (vitest.config.ts).

// dockerode includes BuildKit sessions (grpc, protobuf), ssh and tar-fs. cnb does not use them, and they are most of
// its size and start-up time.
const UNUSED = /^(@grpc\/grpc-js|@grpc\/proto-loader|protobufjs(\/.*)?|ssh2|cpu-features|tar-fs)$/
const stubUnused = {
  name: 'stub-unused',
  setup(builder) {
    builder.onResolve({ filter: UNUSED }, ({ path }) => ({ path, namespace: 'unused' }))
    // commander needs it only for subcommands in separate programs, which cnb does not have; loading it is 5 % of the time of --help.
    builder.onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
      /[/\\]commander[/\\]/.test(importer) ? { path, namespace: 'unused' } : undefined,
    )
    builder.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {}', loader: 'js' }))
  },
}

// undici's index also loads fetch, WebSockets, caches and mocks, which takes a tenth of a second and which src/registry does not use.
// The bundler fails if an update moves a file, or if src/registry imports a part that is not listed here.
const UNDICI = {
  Agent: 'undici/lib/dispatcher/agent.js',
  buildConnector: 'undici/lib/core/connect.js',
}
// Modules that these parts load for form bodies and HTTP/2; undici supports Node.js without http2.
const UNDICI_UNUSED = { '../web/fetch/body.js': 'module.exports = {}', 'node:http2': 'module.exports = { constants: {} }' }
const undiciParts = {
  name: 'undici-parts',
  setup(builder) {
    builder.onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, namespace: 'parts' }))
    builder.onLoad({ filter: /.*/, namespace: 'parts' }, () => ({
      contents: Object.entries(UNDICI).map(([name, path]) => `export { default as ${name} } from '${path}'`).join('\n'),
      resolveDir: import.meta.dirname,
    }))
    builder.onResolve({ filter: /^(\.\.\/web\/fetch\/body\.js|node:http2)$/ }, ({ path, importer }) =>
      /[/\\]undici[/\\]lib[/\\]/.test(importer) ? { path, namespace: 'undici-unused' } : undefined,
    )
    builder.onLoad({ filter: /.*/, namespace: 'undici-unused' }, ({ path }) => ({ contents: UNDICI_UNUSED[path], loader: 'js' }))
    builder.onEnd(({ metafile }) => {
      const found = Object.keys(metafile?.inputs ?? {}).filter((path) => /[/\\]undici[/\\](index\.js|lib[/\\](web|mock|cache|interceptor)[/\\])/.test(path))
      if (found.length === 0) return {}
      return { errors: [{ text: `undici's parts load additional, unused files: ${found.join(', ')}` }] }
    })
  },
}

/** @type {import('esbuild').BuildOptions & { metafile: true }} */
export const BUNDLING = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  plugins: [stubUnused, undiciParts],
  logLevel: 'warning',
}
