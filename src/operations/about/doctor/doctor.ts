/** `cnb doctor`: checks everything that a build needs, at the same time, and changes nothing. */

import type { Context } from '../../../base/events.ts'
import type { Endpoint } from '../../../docker/connection/endpoint.ts'
import type { Engine } from '../../../docker/engine.ts'
import { makeKeychain } from '../../../registry/auth/keychain.ts'
import { readConfig } from '../../config/config-file.ts'
import type { Config } from '../../config/config.ts'
import { type RegistryOptions, readRegistrySettings } from '../../config/registry-settings.ts'
import { findEndpoint } from '../../find-endpoint.ts'
import type { RegistryServices } from '../../services.ts'
import { programFacts, type ProgramFacts } from '../report.ts'
import { runCheck, type Check, type CheckResult } from './check.ts'
import { checkClocks, type ClockReading } from './clock-check.ts'
import { describeEngine, ENGINE_CHECKS, engineChecks, type OpenedEngine } from './engine-checks.ts'
import { machineChecks } from './machine-checks.ts'
import { builderCheck, parseTarget, type RegistryAccess, registryCheck, type RegistryTarget } from './registry-checks.ts'
import { settingsChecks } from './settings-checks.ts'

export interface DoctorOptions extends Pick<RegistryOptions, 'caCerts' | 'insecureRegistries'> {
  /** Registries and images. */
  readonly targets: readonly string[]
  /** Whether write access to the images is checked. */
  readonly publish?: boolean | undefined
}

/** The JSON output of `cnb doctor`. */
export interface Diagnosis extends ProgramFacts {
  /** Whether a build would work: no check is a problem. */
  readonly canBuild: boolean
  /** Null if none answers. */
  readonly engine: EngineFacts | null
  /** In a fixed order. */
  readonly checks: readonly CheckResult[]
}

interface EngineFacts extends Pick<OpenedEngine['info'], 'product' | 'version' | 'apiVersion' | 'imageStore' | 'platform' | 'securityOptions'> {
  readonly address: string
  /** Where the address comes from, such as `DOCKER_HOST`. */
  readonly origin: string
}

export interface DoctorServices extends Pick<RegistryServices, 'host' | 'platform' | 'registries'> {
  /** Returns the address of the engine, without a connection. */
  readonly findEndpoint: () => Promise<Endpoint>
  readonly connect: (endpoint: Endpoint, context: Context) => Promise<Engine>
}

/** Completes the services with a connection that, unlike that of Connections, leaves the leftovers of killed builds to the check. */
export function doctorServices(remote: RegistryServices): DoctorServices {
  return {
    ...remote,
    findEndpoint: () => findEndpoint(remote.host),
    connect: async (endpoint, context) => (await import('../../../docker/connection/connect.ts')).connectEngine(endpoint, context),
  }
}

/** Runs all checks. @throws CnbError CNB_REFERENCE_INVALID for a target, the signal's reason */
export async function diagnose(options: DoctorOptions, services: DoctorServices, context: Context): Promise<Diagnosis> {
  const { host, platform } = services
  const targets = options.targets.map(parseTarget)
  const ending = new AbortController()
  // A connection outlives the check that opens it, and ends with this function, even if it is never answered.
  const lasting = { ...context, signal: AbortSignal.any([ending.signal, ...(context.signal ? [context.signal] : [])]) }
  const runAll = async (checks: readonly Check[]): Promise<CheckResult[]> => (await Promise.all(checks.map((check) => runCheck(check, context)))).flat()
  const clocks: ClockReading[] = []
  let opened: OpenedEngine | undefined
  let endpoint: Endpoint | undefined
  const engineCheck: Check = {
    name: 'engine',
    ifSlow: () => `Restart the engine${endpoint ? ` at ${endpoint.address} (from ${endpoint.origin})` : ''}, or select another one: set DOCKER_HOST, or run 'docker context use'.`,
    run: async () => {
      endpoint = await services.findEndpoint()
      const engine = await services.connect(endpoint, lasting)
      opened = { engine, endpoint, info: await engine.info(lasting) }
      if (opened.info.aheadMs !== undefined) clocks.push({ name: 'the engine', aheadMs: opened.info.aheadMs })
      return describeEngine(opened)
    },
  }
  try {
    const engineDone = runAll([engineCheck])
    const ofEngine = engineDone.then(() => (opened ? runAll(engineChecks(opened, platform)) : ENGINE_CHECKS.map((check) => skipped(check, 'no engine'))))
    const settings = runAll([
      ...settingsChecks(host, () => engineDone.then(() => opened?.info.usesProxy)),
      ...machineChecks(host, options.caCerts ?? []),
    ])
    const ofRegistries = openAccess(options, services, clocks, context).then(async (access) => {
      const [registries] = await Promise.all([checkRegistries(access, targets, options, runAll), engineDone])
      return [...registries, ...(await runAll([builderCheck(access?.config.defaultBuilder, opened?.engine, access)]))]
    })
    const others = await Promise.all([engineDone, ofEngine, ofRegistries, settings])
    const checks = [...others.flat(), { check: 'clock', ...checkClocks(clocks) }]
    return { ...programFacts(), canBuild: checks.every(({ status }) => status !== 'problem'), engine: factsOf(opened), checks }
  } finally {
    ending.abort()
    opened?.engine.close()
  }
}

function factsOf(opened: OpenedEngine | undefined): EngineFacts | null {
  if (!opened) return null
  const { endpoint: { address, origin }, info: { product, version, apiVersion, imageStore, platform, securityOptions } } = opened
  return { address, origin, product, version, apiVersion, imageStore, platform, securityOptions }
}

function skipped(check: string, found: string): CheckResult {
  return { check, status: 'skipped', found }
}

type ConfiguredAccess = RegistryAccess & { readonly config: Config }

/** Returns undefined for an invalid setting, which another check reports. */
async function openAccess(options: DoctorOptions, { host, registries }: DoctorServices, clocks: ClockReading[], context: Context): Promise<ConfiguredAccess | undefined> {
  const { signal } = context
  try {
    const [config, settings] = await Promise.all([readConfig(host, { ...(signal ? { signal } : {}) }), readRegistrySettings(options, host, context)])
    // The check of the credentials reports the failures that a keychain warns of.
    const keychain = makeKeychain({ env: host.env, home: host.home, ...(signal ? { signal } : {}) })
    return { config, clocks, keychain, registries: await registries(settings, keychain) }
  } catch {
    return undefined
  }
}

async function checkRegistries(access: ConfiguredAccess | undefined, targets: readonly RegistryTarget[], options: DoctorOptions, runAll: (checks: readonly Check[]) => Promise<CheckResult[]>): Promise<CheckResult[]> {
  if (!access) return [skipped('registry', 'the configuration, a certificate or a proxy is invalid')]
  const checks = registryChecks(targets, options, access)
  return checks.length > 0 ? runAll(checks) : [skipped('registry', 'no registry or image specified')]
}

/** Without targets, the registry of the default builder is checked, which builds can do without if the engine has the images. */
function registryChecks(targets: readonly RegistryTarget[], { publish = false }: DoctorOptions, access: ConfiguredAccess): Check[] {
  const { defaultBuilder } = access.config
  if (targets.length > 0 || defaultBuilder === undefined) return targets.map((target) => registryCheck(target, access, { isPush: publish, isNeeded: true }))
  return [registryCheck({ registry: parseTarget(defaultBuilder).registry }, access, { isPush: false, isNeeded: false })]
}
