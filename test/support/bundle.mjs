// Bundles src/main.ts into dist/cnb.cjs, whose modules run when they are first imported, and has V8's code of it kept beside it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { readBundle } from '../../bin/bundle.js'
import { BUNDLING } from './bundling.mjs'

await rm('dist', { recursive: true, force: true })
await build({
  entryPoints: ['src/main.ts'],
  outfile: 'dist/cnb.cjs',
  format: 'cjs',
  sourcemap: true,
  ...BUNDLING,
})

const keeping = spawn(process.execPath, [join(import.meta.dirname, 'keep-code.mjs')], {
  env: { ...process.env, DOCKER_HOST: 'unix:///nonexistent/docker.sock', CNB_HOME: '/nonexistent' },
  stdio: 'ignore',
})
await once(keeping, 'exit')
if (readBundle()?.cachedDataRejected !== false) throw new Error('V8 does not take the code that it made of the bundle')
