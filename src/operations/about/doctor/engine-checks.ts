/** The checks of `cnb doctor` that need the engine. */

import { statfs } from 'node:fs/promises'
import { counted } from '../../../base/counted.ts'
import { hasEnded, ownProcess } from '../../../base/processes/owner.ts'
import type { Context } from '../../../base/events.ts'
import type { Endpoint } from '../../../docker/connection/endpoint.ts'
import type { Engine, EngineInfo } from '../../../docker/engine.ts'
import { countOrphans } from '../../../docker/orphans.ts'
import { formatPlatform, type Platform } from '../../../oci/platform.ts'
import type { Check, Finding } from './check.ts'
import { describeSpace, freeSpace } from './free-space.ts'

/** The engine that the other checks use. */
export interface OpenedEngine {
  readonly engine: Engine
  readonly endpoint: Endpoint
  readonly info: EngineInfo
}

/** The oldest tested versions (docs/engines.md). */
const OLDEST = { docker: [20, 10], podman: [4, 3] } as const
const GB = 1000 ** 3
/** Bytes on the engine's disk: a builder and its run image have one to two gigabytes. */
const SPACE = { low: 5 * GB, full: GB / 2 }

/** Describes the engine; a problem if it cannot build. */
export function describeEngine({ info, endpoint: { address, origin } }: OpenedEngine): Finding {
  const { product, version, apiVersion, platform } = info
  const found = `${product === 'podman' ? 'Podman' : 'Docker'} ${version} (API ${apiVersion || 'unknown'}) at ${address} (from ${origin})`
  if (platform.os !== 'linux') return { status: 'problem', found: `${found}: it runs ${platform.os} containers`, fix: 'Switch the engine to Linux containers.' }
  if (!isOlder(version, OLDEST[product])) return { status: 'ok', found }
  return { status: 'warning', found, fix: `Update the engine: the oldest tested versions are Docker ${OLDEST.docker.join('.')} and Podman ${OLDEST.podman.join('.')}.` }
}

function isOlder(version: string, [oldestMajor, oldestMinor]: readonly [number, number]): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? []
  if (major === undefined || minor === undefined) return false
  return Number(major) < oldestMajor || (Number(major) === oldestMajor && Number(minor) < oldestMinor)
}

/** The checks of an engine that answers. @param platform this machine's for containers */
export function engineChecks(opened: OpenedEngine, platform: Platform): Check[] {
  const ifSlow = `Restart the engine at ${opened.endpoint.address}.`
  return [
    { name: 'image store', ifSlow, run: async () => describeStore(opened.info) },
    { name: 'platform', ifSlow, run: async () => comparePlatforms(opened.info, platform) },
    { name: 'engine space', ifSlow: "Check the disk of the engine's data.", run: () => checkEngineSpace(opened) },
    { name: 'leftovers', ifSlow, run: (context) => checkLeftovers(opened.engine, context) },
  ]
}

/** The names of `engineChecks`, which are skipped without an engine. */
export const ENGINE_CHECKS = ['image store', 'platform', 'engine space', 'leftovers']

function describeStore({ imageStore, driver, securityOptions }: EngineInfo): Finding {
  const traits = ['rootless', 'userns'].filter((trait) => securityOptions.some((option) => option === trait || option === `name=${trait}`))
  const found = [imageStore === 'containerd' ? `containerd (${driver ?? 'unknown'})` : (driver ?? 'unknown'), ...traits].join(', ')
  if (driver !== 'vfs') return { status: 'ok', found }
  return { status: 'warning', found, fix: "Set the engine's storage driver to overlay2: vfs copies all files for each layer." }
}

function comparePlatforms({ platform }: EngineInfo, own: Platform): Finding {
  if (platform.architecture === own.architecture) return { status: 'ok', found: formatPlatform(platform) }
  return { status: 'warning', found: `${formatPlatform(platform)}; this machine has ${own.architecture}`, fix: `Pass --platform ${formatPlatform(own)} to build for this machine.` }
}

async function checkEngineSpace({ info: { rootDirectory, system }, endpoint }: OpenedEngine): Promise<Finding> {
  const unknown: Finding = { status: 'skipped', found: "not known: the engine's disk cannot be seen from here" }
  // A virtual machine's directory could exist here too, on another disk.
  if (endpoint.transport.kind !== 'socket' || rootDirectory === undefined || system === 'Docker Desktop') return unknown
  const space = await statfs(rootDirectory).catch(() => undefined)
  if (space === undefined) return unknown
  return describeSpace(rootDirectory, freeSpace(space), SPACE, "Free space with 'docker system prune'; see the usage with 'docker system df'.")
}

async function checkLeftovers(engine: Engine, context: Context): Promise<Finding> {
  const { space } = await ownProcess()
  const count = await countOrphans(engine, { space, hasEnded, now: Date.now }, context)
  if (count === 0) return { status: 'ok', found: 'none' }
  return { status: 'warning', found: `${counted(count, 'object')} of killed builds`, fix: 'Run the next build: it removes them.' }
}
