// Bundles src/main.ts into dist/: ES modules with lazy chunks, so that a command loads only what it uses.

import { rm } from 'node:fs/promises'
import { build } from 'esbuild'

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

await rm('dist', { recursive: true, force: true })
await build({
  entryPoints: ['src/main.ts'],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  sourcemap: true,
  legalComments: 'none',
  plugins: [stubUnused],
  // The CommonJS libraries inside want `require`.
  banner: { js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);" },
  logLevel: 'warning',
})
