/** `cnb watch`: keeps all images of a state up to date until it is stopped. */

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Clock, systemClock } from '../../../base/clock.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { resourceId } from '../../../reconcile/state.ts'
import type { AnyResource } from '../../../resources/kind.ts'
import type { Store } from '../../../state/store.ts'
import { joinedSignal } from '../joined-signal.ts'
import type { ScopeOptions, ScopeServices } from '../open-scope.ts'
import { readIntervals, type PollOptions } from './intervals.ts'
import { Looker } from './looker.ts'
import { Pending } from './pending.ts'
import { StateView } from './state-view.ts'
import { isLoopback, type ListenAddress, parseListenAddress } from './webhooks/listen-address.ts'
import { serveWebhooks, type WebhookServer } from './webhooks/serve-webhooks.ts'
import { Worker } from './worker.ts'

export interface WatchOptions extends ScopeOptions, PollOptions {
  /** `[HOST:]PORT` for webhooks. */
  readonly listen?: string
  readonly webhookSecretFile?: string
}

/** The parts that tests replace. */
export interface WatchTimes {
  /** A clock that does not jump. */
  readonly clock: Clock
  /** Returns a number from 0 to 1. */
  readonly random: () => number
}

const TIMES: WatchTimes = { clock: { now: () => performance.now(), sleep: (ms, signal) => systemClock.sleep(ms, signal) }, random: () => Math.random() }

/** Milliseconds between two looks for changes of other processes. */
const STATE_INTERVAL = 2000
/** Kinds of which a change of the spec is worth a poll; the rest is derived, or has an effect on all. */
const DERIVED: ReadonlySet<string> = new Set(['SourceResolver', 'Build'])
const OF_ALL: ReadonlySet<string> = new Set(['Secret', 'ServiceAccount', 'ConfigMap'])

/**
 * Watches until the context's signal is aborted.
 * @throws CnbError CNB_USAGE, CNB_STATE_INVALID at the start, CNB_INTERRUPTED
 */
export async function watch(options: WatchOptions, store: Store, services: ScopeServices, context: Context, times: WatchTimes = TIMES): Promise<never> {
  const intervals = readIntervals(options)
  const address = options.listen === undefined ? undefined : parseListenAddress(options.listen)
  const secret = await readSecret(options, address, services.remote.host.cwd)
  const { clock, random } = times
  await using view = await StateView.open(options, store, services, clock, context)
  const pending = new Pending()
  const looker = new Looker(view, pending, intervals, clock, random)
  const onChanges = (changed: readonly AnyResource[]): void => {
    if (changed.length === 0) return
    looker.update()
    const isForAll = changed.some(({ kind }) => OF_ALL.has(kind))
    const wanted = isForAll ? view.resources.list('Image') : changed.filter(({ kind }) => !DERIVED.has(kind))
    looker.hurryResources(new Set(wanted.map((each) => resourceId(each))))
  }
  const worker = new Worker(view, pending, clock, { onChanges, lookAgain: (ids, inMs) => looker.hurryResources(ids, inMs) })
  await using _server = address && (await listen(address, secret, looker, context))
  looker.update()
  // Without await, view and server would be closed first.
  return await runAll(context, (within) => [looker.run(within), worker.run(within), readChanges({ view, looker, worker, clock, onChanges }, within)])
}

interface Parts {
  readonly view: StateView
  readonly looker: Looker
  readonly worker: Worker
  readonly clock: Clock
  readonly onChanges: (changed: readonly AnyResource[]) => void
}

async function readChanges({ view, looker, worker, clock, onChanges }: Parts, context: Context & { readonly signal: AbortSignal }): Promise<never> {
  for (;;) {
    await clock.sleep(STATE_INTERVAL, context.signal)
    // The turn itself changes the state, and no other process does.
    if (worker.isInTurn) continue
    onChanges(await view.refresh(context))
    if (looker.isIdle && !worker.isInTurn) await view.renew()
  }
}

/** Runs all until one fails or the signal is aborted; then stops the others, and throws the first failure. */
async function runAll(context: Context, start: (context: Context & { readonly signal: AbortSignal }) => Promise<never>[]): Promise<never> {
  const stop = new AbortController()
  const signal = joinedSignal(stop.signal, context.signal)
  const all = start({ ...context, signal })
  try {
    return await Promise.race(all)
  } finally {
    stop.abort()
    await Promise.allSettled(all)
  }
}

async function listen(address: ListenAddress, secret: Buffer | undefined, looker: Looker, { events }: Context): Promise<WebhookServer> {
  const server = await serveWebhooks({ address, secret, onNotices: (notices) => notices.forEach((notice) => looker.hurryNotice(notice)) })
  events?.({ type: 'info', message: `listening for webhooks on ${address.host}:${server.port}` })
  return server
}

/** @throws CnbError CNB_USAGE without a secret for other machines */
async function readSecret({ webhookSecretFile: file }: WatchOptions, address: ListenAddress | undefined, cwd: string): Promise<Buffer | undefined> {
  if (file === undefined) {
    if (!address || isLoopback(address)) return undefined
    throw new CnbError('CNB_USAGE', `cannot listen on ${address.host} without a secret: anyone who reaches it could start builds`, { hint: 'Add --webhook-secret-file, or listen on 127.0.0.1.' })
  }
  if (!address) throw new CnbError('CNB_USAGE', 'cannot use --webhook-secret-file without --listen', { hint: 'Add --listen [HOST:]PORT.' })
  const secret = await readFile(resolve(cwd, file), 'utf8').catch((error: Error) => {
    throw new CnbError('CNB_USAGE', `cannot read the secret of webhooks: ${error.message}`, { hint: 'Name a file with --webhook-secret-file.', cause: error })
  })
  // Editors end a file with a line break.
  const text = secret.replace(/\r?\n$/, '')
  if (text !== '') return Buffer.from(text)
  throw new CnbError('CNB_USAGE', `cannot use ${file} as the secret of webhooks: it is empty`, { hint: 'Write a random text to it.' })
}
