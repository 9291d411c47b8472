// How src/ is bundled, without the parts of its libraries that nothing uses. Tests of src/registry run undici as it is bundled (vitest.config.ts).

// dockerode brings BuildKit sessions (grpc, protobuf), its own ssh and tar-fs; cnb uses none of them, and they are most of
// its size and start-up time.
const UNUSED = /^(@grpc\/grpc-js|@grpc\/proto-loader|protobufjs(\/.*)?|ssh2|cpu-features|tar-fs)$/
const stubUnused = {
  name: 'stub-unused',
  setup(builder) {
    builder.onResolve({ filter: UNUSED }, ({ path }) => ({ path, namespace: 'unused' }))
    // For commands that are programs of their own, which cnb has none of; loading it is a twentieth of what --help takes.
    builder.onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
      /[/\\]commander[/\\]/.test(importer) ? { path, namespace: 'unused' } : undefined,
    )
    builder.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {}', loader: 'js' }))
  },
}

// undici's index loads fetch, WebSockets, caches and mocks, for a tenth of a second, beside the parts that src/registry imports.
// A file that an update moves, or a part that is imported and not listed here, is an error of the bundler's.
const UNDICI = {
  Agent: 'undici/lib/dispatcher/agent.js',
  buildConnector: 'undici/lib/core/connect.js',
}
// What these parts would load for bodies that are forms, and for HTTP/2; undici itself does without http2 where Node has none.
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
      return { errors: [{ text: `undici's parts load other files than they did, which nothing uses: ${found.join(', ')}` }] }
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
