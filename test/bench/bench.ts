/**
 * `npm run bench -- [--engine default|overlay2|containerd]… [--only <scenario>,…]… [--rounds <n>] [--pack <path>] [--json <file>]`
 *
 * Measures builds and rebases with both drivers alternately, and publication and the creation of builders in turns with pack, if it is given, on the engine of $DOCKER_HOST or those of test/support/engines/engine-up.
 * $CNB_TEST_BIN selects another cnb, such as a binary. The ratios are meaningful; the times depend on this machine and its load. The exit code is 0 for all results.
 */

import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { docker } from '../support/engines/docker.ts'
import { makeScriptBuilder, removeScriptBuilder } from '../support/script-builder.ts'
import { makeWorkbench } from '../support/workbench.ts'
import type { Measurement } from './measure.ts'
import { type ImageStore, type Measurements, type Results, summarize, table } from './results.ts'
import { SCENARIOS, type Scenario, type Way } from './scenarios.ts'

interface EngineResults extends Results {
  readonly engine: string
  readonly version: string
  readonly store: ImageStore
}

const { values } = parseArgs({
  options: {
    engine: { type: 'string', multiple: true, default: ['default'] },
    only: { type: 'string', multiple: true, default: Object.keys(SCENARIOS) },
    rounds: { type: 'string', default: '5' },
    pack: { type: 'string', default: process.env['CNB_TEST_PACK'] },
    json: { type: 'string' },
  },
})
if (values.pack !== undefined) process.env['CNB_TEST_PACK'] = resolve(values.pack)
const rounds = Math.max(1, Number.parseInt(values.rounds, 10))
const chosen = values.only.flatMap((names) => names.split(',')).map((name): [string, Scenario] => {
  const scenario = SCENARIOS[name]
  if (!scenario) throw new Error(`no scenario '${name}': there are ${Object.keys(SCENARIOS).join(', ')}`)
  return [name, scenario]
})

// The running commands receive the signal too, as members of the process group: the measurement fails, and everything is removed.
let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupted) process.exit(130)
    interrupted = true
  })
}
// The reader of the output may have ended.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const say = (line: string): void => void process.stderr.write(`${line}\n`)

async function measureEngine(engine: string): Promise<EngineResults> {
  if (engine !== 'default') process.env['DOCKER_HOST'] = `unix:///run/cnb-engines/${engine}/docker.sock`
  const version = await docker('version', '--format', '{{.Server.Version}}')
  const store = (await docker('info', '--format', '{{.DriverStatus}}')).includes('io.containerd.snapshotter.v1') ? 'containerd' : 'graphdriver'
  say(`\n── engine ${engine}: ${version}, ${store}`)
  const bench = await makeWorkbench()
  try {
    if (!chosen.every(([, { withoutBuilder }]) => withoutBuilder)) await makeScriptBuilder(`${bench.path}/builder`)
    for (const [name, scenario] of chosen) {
      say(`preparing ${name}: ${scenario.title}`)
      stopIfInterrupted()
      await scenario.prepare(bench)
    }
    return { engine, version, store, ...summarize(await measureAll(), store) }
  } finally {
    say('removing all that was made')
    for (const [, scenario] of chosen) await scenario.end?.()
    await removeScriptBuilder()
    await bench.clear()
  }
}

/** Measures round by round, so other load affects all scenarios equally; the ways of a scenario directly follow each other. */
async function measureAll(): Promise<Measurements> {
  const all = new Map(chosen.map(([name, { ways }]) => [name, new Map(ways.map((way): [Way, Measurement[]] => [way, []]))] as const))
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}`)
    for (const [name, scenario] of chosen) {
      if (scenario.once && round > 0) continue
      await scenario.begin?.()
      // The order alternates, because the first one may run in another state of the machine.
      for (const way of round % 2 === 0 ? scenario.ways : scenario.ways.toReversed()) {
        stopIfInterrupted()
        const measured = await scenario.measure(way)
        say(`  ${name} ${way}: ${(measured.wallMs / 1000).toFixed(2)} s`)
        all.get(name)?.get(way)?.push(measured)
      }
    }
  }
  return all
}

function stopIfInterrupted(): void {
  if (interrupted) throw new Error('interrupted')
}

const results: EngineResults[] = []
try {
  for (const engine of values.engine) results.push(await measureEngine(engine))
} catch (error) {
  if (!interrupted) throw error
  process.exitCode = 130
}
for (const { engine, version, store, ...measured } of results) {
  process.stdout.write(`\nengine ${engine}: ${version}, ${store}; ${rounds} rounds\n\n${table(measured)}\n`)
}
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ rounds, engines: results }, undefined, 2)}\n`)
