// Runs the bundle's `cnb build` without an engine, as far as that goes, and keeps the code that V8 made of what ran (bin/bundle.js).

import { writeFileSync } from 'node:fs'
import { CODE_PATH, readBundle, runBundle } from '../../bin/bundle.js'

const bundle = readBundle()
process.on('exit', () => writeFileSync(CODE_PATH, bundle.createCachedData()))
process.argv.push('build', 'app', '--builder', 'builder')
runBundle(bundle)
