/** Summarizes measurements: medians, ratios and their targets. */

import type { Measurement } from './measure.ts'
import { SCENARIOS, type Way } from './scenarios.ts'

/** Measurements by scenario and way, in the order of the rounds. */
export type Measurements = ReadonlyMap<string, ReadonlyMap<Way, readonly Measurement[]>>

/** A target for each kind of image store. */
interface Target {
  readonly of: readonly [scenario: string, way: Way]
  readonly to: readonly [scenario: string, way: Way]
  readonly graphdriver: number
  readonly containerd: number
}

/** The highest allowed ratios of medians. */
const TARGETS: readonly Target[] = [
  { of: ['small', 'native'], to: ['small', 'creator'], graphdriver: 0.8, containerd: 0.05 },
  { of: ['small', 'native'], to: ['small', 'phases'], graphdriver: 0.45, containerd: 0.035 },
  { of: ['large', 'native'], to: ['large', 'creator'], graphdriver: 0.1, containerd: 0.035 },
  { of: ['large', 'native'], to: ['small', 'native'], graphdriver: 1.25, containerd: 1.25 },
  { of: ['changed', 'native'], to: ['changed', 'creator'], graphdriver: 0.12, containerd: 0.04 },
  { of: ['rebase', 'native'], to: ['rebase', 'rebaser'], graphdriver: 0.4, containerd: 0.15 },
  { of: ['first', 'native'], to: ['first', 'creator'], graphdriver: 1, containerd: 1 },
  { of: ['files', 'native'], to: ['small', 'native'], graphdriver: 1.3, containerd: 1.3 },
  { of: ['publish', 'published'], to: ['publish', 'native'], graphdriver: 1.1, containerd: 1.1 },
  { of: ['publish-large', 'published'], to: ['publish-large', 'native'], graphdriver: 1.1, containerd: 1.1 },
  { of: ['publish-first', 'published'], to: ['publish-first', 'gzip'], graphdriver: 1.2, containerd: 1.2 },
  { of: ['publish', 'published'], to: ['publish', 'pack'], graphdriver: 0.7, containerd: 0.7 },
  { of: ['publish-first-small', 'published'], to: ['publish-first-small', 'pack'], graphdriver: 0.8, containerd: 0.8 },
  { of: ['publish-first', 'published'], to: ['publish-first', 'pack'], graphdriver: 0.7, containerd: 0.7 },
  { of: ['cold', 'published'], to: ['cold', 'pack'], graphdriver: 0.8, containerd: 0.8 },
  { of: ['cold-large', 'published'], to: ['cold-large', 'pack'], graphdriver: 0.7, containerd: 0.7 },
  { of: ['fleet', 'native'], to: ['fleet', 'rebaser'], graphdriver: 0.18, containerd: 0.18 },
  { of: ['create', 'native'], to: ['create', 'pack'], graphdriver: 0.5, containerd: 0.5 },
  { of: ['create-again', 'native'], to: ['create-again', 'pack'], graphdriver: 0.1, containerd: 0.1 },
  { of: ['create-published', 'native'], to: ['create-published', 'pack'], graphdriver: 0.5, containerd: 0.5 },
  { of: ['create-published-again', 'native'], to: ['create-published-again', 'pack'], graphdriver: 0.1, containerd: 0.1 },
  { of: ['packaged', 'native'], to: ['packaged', 'contained'], graphdriver: 1.1, containerd: 1.1 },
  { of: ['layers-many', 'native'], to: ['layers', 'native'], graphdriver: 11, containerd: 11 },
  { of: ['layers-many-first', 'native'], to: ['layers-first', 'native'], graphdriver: 11, containerd: 11 },
  { of: ['unchanged', 'unchanged'], to: ['small', 'creator'], graphdriver: 0.15, containerd: 0.01 },
  { of: ['unchanged-files', 'unchanged'], to: ['unchanged-files', 'git'], graphdriver: 1.5, containerd: 1.5 },
  { of: ['plan-100', 'native'], to: ['plan-100', 'git'], graphdriver: 2, containerd: 2 },
  { of: ['apply-100', 'native'], to: ['apply-100', 'git'], graphdriver: 2, containerd: 2 },
  { of: ['stack-100', 'native'], to: ['stack-100', 'listed'], graphdriver: 1.3, containerd: 1.3 },
  { of: ['completion', 'native'], to: ['completion', 'node'], graphdriver: 1.3, containerd: 1.3 },
  { of: ['completion-images', 'native'], to: ['completion-images', 'node'], graphdriver: 1.3, containerd: 1.3 },
  { of: ['thousand', 'native'], to: ['fleet', 'native'], graphdriver: 10, containerd: 10 },
]
const MOST_MIB = 120
/** Other scenarios with that limit of peak memory: publication, and builds of many files or layers. */
const LIMITED = ['publish', 'publish-first-small', 'publish-first', 'cold', 'cold-large', 'many', 'many-changed', 'many-first', 'layers-many', 'layers-many-first']
/** The targets for the seconds of a rebase of 100 images, and for the memory with 1000 images. */
const FLEET_SECONDS = 1
const FLEET_MIB = 150

/** Scenarios of 100 images with nothing changed, and the target for their requests to registries. */
const UNCHANGED = ['plan-100', 'apply-100']
const MOST_REQUESTS = 300

export type ImageStore = 'graphdriver' | 'containerd'

interface Compared {
  readonly what: string
  readonly value: number
  readonly target: number
  readonly met: boolean
}

export interface Results {
  readonly measured: readonly { scenario: string; way: Way; medianMs: number; wallMs: readonly number[]; peakMiB?: number; requests?: number; carriedBytes?: number }[]
  readonly compared: readonly Compared[]
}

export function summarize(measurements: Measurements, store: ImageStore): Results {
  const measured = [...measurements].flatMap(([scenario, ways]) =>
    [...ways].map(([way, all]) => {
      const wallMs = all.map((each) => Math.round(each.wallMs))
      const peaks = all.flatMap(({ peakMiB }) => (peakMiB === undefined ? [] : [Math.round(peakMiB)]))
      const requests = all.flatMap((each) => each.requests ?? [])
      const carried = all.flatMap(({ carriedBytes }) => carriedBytes ?? [])
      return {
        scenario,
        way,
        medianMs: median(wallMs),
        wallMs,
        ...(peaks.length > 0 ? { peakMiB: Math.max(...peaks) } : {}),
        ...(requests.length > 0 ? { requests: Math.max(...requests) } : {}),
        ...(carried.length > 0 ? { carriedBytes: Math.max(...carried) } : {}),
      }
    }),
  )
  const find = (scenario: string, way: Way) => measured.find((each) => each.scenario === scenario && each.way === way)
  const compared = TARGETS.flatMap(({ of, to, [store]: target }): Compared[] => {
    const [one, other] = [find(...of), find(...to)]
    if (!one || !other) return []
    const value = one.medianMs / other.medianMs
    return [{ what: `${of.join(' ')} : ${to.join(' ')}`, value, target, met: value <= target }]
  })
  const peak = find('memory', 'native')?.peakMiB
  const creating = find('create', 'native')?.peakMiB
  const carried = find('within', 'native')?.carriedBytes
  const [fleet, thousand] = [find('fleet', 'native'), find('thousand', 'native')]
  const limits: Compared[] = [
    ...(fleet ? [limit('rebase of 100 images, s', fleet.medianMs / 1000, FLEET_SECONDS)] : []),
    ...(thousand?.peakMiB === undefined ? [] : [limit('peak resident memory with 1000 images, MiB', thousand.peakMiB, FLEET_MIB)]),
    ...LIMITED.flatMap((name) => {
      const memory = (find(name, 'published') ?? find(name, 'native'))?.peakMiB
      return memory === undefined ? [] : [limit(`peak resident memory of ${name}, MiB`, memory, MOST_MIB)]
    }),
    ...UNCHANGED.flatMap((name) => {
      const requests = find(name, 'native')?.requests
      return requests === undefined ? [] : [limit(`requests of ${name}`, requests, MOST_REQUESTS)]
    }),
    ...(creating === undefined ? [] : [limit('peak resident memory of the creation of a builder, MiB', creating, MOST_MIB)]),
    ...(carried === undefined ? [] : [limit('bytes of existing layers through this machine', carried, 0)]),
    ...(peak === undefined ? [] : [limit('peak resident memory with a 2 GB layer, MiB', peak, MOST_MIB)]),
  ]
  return { measured, compared: [...compared, ...limits] }
}

function limit(what: string, value: number, target: number): Compared {
  return { what, value, target, met: value <= target }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

export function table({ measured, compared }: Results): string {
  const times = measured.map(({ scenario, way, medianMs, wallMs, peakMiB }) => [
    SCENARIOS[scenario]?.title ?? scenario,
    `${scenario} ${way}`,
    seconds(medianMs),
    wallMs.map(seconds).join(' '),
    peakMiB === undefined ? '' : String(peakMiB),
  ])
  const ratios = compared.map(({ what, value, target, met }) => [what, value.toPrecision(3), `≤ ${target}`, met ? 'yes' : 'NO'])
  return [
    ...columns([['what', 'run', 'median s', 'all', 'peak MiB'], ...times]),
    ...(ratios.length > 0 ? ['', ...columns([['ratio of medians, or value', 'measured', 'target', 'met'], ...ratios])] : []),
  ].join('\n')
}

const seconds = (ms: number): string => (ms / 1000).toFixed(2)

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd())
}
