/** Runs one Build: fetches the source, builds or rebases, and stores the log and the result. */

import { timeLimit } from '../../../base/clock.ts'
import { CnbError, type ErrorCode, toCnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { makeTemporaryDirectory } from '../../../base/files.ts'
import { contextName, parseReference } from '../../../oci/reference.ts'
import { printChanges } from '../../../reconcile/changes/printed-changes.ts'
import type { BuildProgress } from '../../../reconcile/conditions.ts'
import type { BuildNeeded } from '../../../reconcile/decide-build.ts'
import { BUILD_CHANGES } from '../../../reconcile/state.ts'
import type { Build, BuildStatus } from '../../../resources/kinds/build.ts'
import type { SourceCredentials } from '../../../sources/credentials/credentials.ts'
import type { BuildLog } from '../../../state/store.ts'
import { RemoteRebaser } from '../../rebase/remote-rebaser.ts'
import { joinedSignal } from '../joined-signal.ts'
import { accountOf } from '../accounts.ts'
import type { ReconcileScope } from '../scope.ts'
import type { AccountKeys } from '../signing/account-keys.ts'
import { banner, loggedEvents } from './build-log.ts'
import { markForRetry, markInterrupted, setProgress } from './build-progress.ts'
import { buildOptions } from './build-settings.ts'
import { readBuiltImage, readEngineImage } from './built-image.ts'
import { rebaseOnEngine, runImageOf, warnOfUnused } from './on-engine.ts'
import { signBuiltImage, type BuildSigning } from './sign-image.ts'

/** The longest time of a timer: longer ones end at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** A Build, and how it gets its image. */
export interface BuildTask {
  readonly build: Build
  readonly kind: BuildNeeded['kind']
}

/** Failures that say nothing about the image: the next reconciliation builds it again. */
const OUTAGES: ReadonlySet<ErrorCode> = new Set(['CNB_ENGINE_UNREACHABLE', 'CNB_ENGINE_LOST', 'CNB_REGISTRY_UNREACHABLE'])

export function isOutage({ code }: CnbError): boolean {
  return OUTAGES.has(code)
}

/**
 * Runs a build. Its failure is in its condition.
 * @returns the error if it failed
 * @throws CnbError CNB_INTERRUPTED, CNB_STATE_CHANGED, CNB_OUTPUT
 */
export async function runBuild({ build, kind }: BuildTask, scope: ReconcileScope, context: Context): Promise<CnbError | undefined> {
  const started = kind === 'BUILD' ? await setProgress(build, {}, { state: 'running' }, scope, context) : build
  const { status, progress, failure } = await run(started, kind, scope, context)
  // A result that cannot be stored is not the failure of the build: it stays unfinished, and is built again.
  const ended = failure && isOutage(failure) ? await markForRetry(started, scope, context) : started
  await setProgress(ended, status, progress, scope, context)
  return failure
}

interface BuildEnd {
  readonly status: BuildStatus
  readonly progress: BuildProgress
  readonly failure?: CnbError
}

/** Returns the result of a build, with the log closed. */
async function run(started: Build, kind: BuildTask['kind'], scope: ReconcileScope, context: Context): Promise<BuildEnd> {
  const { store } = scope
  const { name, namespace = 'default' } = started.metadata
  await using log = await store.openLog({ namespace, name }, context)
  const timeout = started.spec.activeDeadlineSeconds
  const signal = timeout === undefined ? context.signal : joinedSignal(deadline(timeout), context.signal)
  const logged = { ...context, signal, events: loggedEvents(log, context.events) }
  try {
    // A wrong password is found before the build.
    const keys = await keysOf(started, scope, logged)
    const status = kind === 'BUILD' ? await make(started, log, scope, logged) : await rebase(started, log, scope, logged)
    log.write(banner('COMPLETION'))
    const signed = scope.options.to === 'engine' ? status : await signBuiltImage(started, status, keys, await signingOf(started, scope), logged)
    log.write('Build successful\n')
    return { status: signed, progress: { state: 'succeeded' } }
  } catch (error) {
    if (context.signal?.aborted) await markInterrupted(started, scope)
    context.signal?.throwIfAborted()
    const isLate = signal?.aborted === true
    const failure = isLate ? new CnbError('CNB_BUILD_FAILED', `the build takes longer than its buildTimeout of ${timeout} s`) : toCnbError(error)
    const { message, hint } = failure
    log.write(`ERROR: ${message}\n${hint === undefined ? '' : `${hint}\n`}`)
    return { status: {}, progress: { state: 'failed', message: `Error: ${message}` }, failure }
  }
}

/** Returns a signal that aborts after a number of seconds; later than 24 days is never, because a timer cannot take longer. */
function deadline(seconds: number): AbortSignal {
  const ms = seconds * 1000
  return ms > MAX_TIMER_MS ? new AbortController().signal : timeLimit(ms)
}

async function make(build: Build, log: BuildLog, scope: ReconcileScope, context: Context): Promise<BuildStatus> {
  const { accounts, sources, services } = scope
  log.write(banner('PREPARE'))
  log.write(reasonsOf(build))
  const credentials = await accounts.credentialsOf(accountOf(build), build.spec.source.registry?.imagePullSecrets)
  await using directory = await makeTemporaryDirectory('cnb-source-')
  const { local } = build.spec.source
  const source = local
    ? await sources.fetch({ local: { ...local, ...within(build) } }, directory.path, credentials, context)
    : await sources.fetch(await sources.resolve(build.spec.source, credentials, {}, context), directory.path, credentials, context)
  const isOnEngine = scope.options.to === 'engine'
  if (isOnEngine) warnOfUnused(build, context)
  const engine = await scope.engine()
  const keychain = credentials.registry
  const registryServices = { ...services, registries: (settings: Parameters<typeof services.registries>[0]) => services.registries(settings, keychain) }
  const result = await scope.build(buildOptions(build, source, scope), { ...engine, ...registryServices, credentials: keychain }, context).catch((error: unknown) => {
    // The temporary directory means nothing to users.
    const cause = toCnbError(error)
    throw cause.withMessage(cause.message.replaceAll(`${directory.path}/`, ''))
  })
  if (isOnEngine) return await readEngineImage(result.id, runImageOf(build), engine.engine, context)
  return await readResult(build, result.id, credentials, scope, context)
}

/** Returns the keys of the service account that sign the image; signatures are in the image's registry. */
async function keysOf(build: Build, { signingKeys, options }: ReconcileScope, { events }: Context): Promise<AccountKeys> {
  const keys = await signingKeys.of(accountOf(build))
  if (options.to !== 'engine') return keys
  if (keys.signing.length + keys.provenance.length > 0) events?.({ type: 'warning', message: 'the image is not signed, because signatures are in registries' })
  return { signing: [], provenance: [] }
}

async function signingOf(build: Build, { accounts, services, options, cache, now }: ReconcileScope): Promise<BuildSigning> {
  const registries = await accounts.registriesOf(accountOf(build))
  return { registries, hasReferrers: !options.kpackCompatible, slsa: options.slsa, platform: services.platform, cache, now }
}

function within({ spec: { source } }: Build): { subPath?: string } {
  return source.subPath === undefined ? {} : { subPath: source.subPath }
}

async function rebase(build: Build, log: BuildLog, scope: ReconcileScope, context: Context): Promise<BuildStatus> {
  const { accounts } = scope
  log.write(banner('REBASE'))
  log.write(reasonsOf(build))
  const credentials = await accounts.credentialsOf(accountOf(build))
  const last = build.spec.lastBuild?.image
  const [first] = build.spec.tags
  if (last === undefined || first === undefined) throw new CnbError('CNB_INTERNAL', 'cannot rebase an image that was never built')
  if (scope.options.to === 'engine') return await rebaseOnEngine(build, credentials.registry, scope, context)
  const registries = await accounts.registries(credentials.registry)
  const rebaser = scope.rebasers?.get(registries) ?? new RemoteRebaser(registries)
  scope.rebasers?.set(registries, rebaser)
  let id = ''
  for (const [image, ...tags] of byRepository(build.spec.tags)) {
    const result = await rebaser.rebase({ image, tags, previousImage: last, runImage: build.spec.runImage?.image, force: true }, context)
    id ||= result.id
  }
  return readResult(build, id, credentials, scope, context)
}

/** Returns the names in groups of one repository. */
function byRepository(tags: readonly string[]): [string, ...string[]][] {
  const groups = new Map<string, [string, ...string[]]>()
  for (const tag of tags) {
    const name = contextName(parseReference(tag))
    const group = groups.get(name)
    if (group) group.push(tag)
    else groups.set(name, [tag])
  }
  return [...groups.values()]
}

async function readResult(build: Build, reference: string, credentials: SourceCredentials, { accounts, services, cache }: ReconcileScope, context: Context): Promise<BuildStatus> {
  const registries = await accounts.registries(credentials.registry)
  return readBuiltImage(reference, build.spec, { registries, platform: services.platform, cache }, context)
}

function reasonsOf({ metadata: { annotations } }: Build): string {
  const text = annotations?.[BUILD_CHANGES] ?? ''
  return text === '' ? '' : printChanges(JSON.parse(text) as Parameters<typeof printChanges>[0], { colour: false })
}
