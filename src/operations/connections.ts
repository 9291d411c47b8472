/** Connections to the engine and to registries; their code is loaded on first use. */

import { counted } from '../base/counted.ts'
import { CnbError, toCnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { NAME, VERSION } from '../base/version.ts'
import type { Engine } from '../docker/engine.ts'
import type { ResourceOwner } from '../base/processes/owner.ts'
import { findEndpoint } from './find-endpoint.ts'
import type { EngineServices, Host, RegistryServices } from './services.ts'

/** Go's processor names, which images use, by Node's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' }

/** The connection to the engine, shared by all operations. */
interface EngineConnection {
  readonly engine: Engine
  readonly owner: string
  readonly swept: Promise<void>
}

/** Opens connections and closes all of them on disposal; open connections keep the process alive. */
export class Connections implements AsyncDisposable {
  readonly #host: Host
  readonly #processEnds: boolean
  readonly #closing: (() => Promise<void>)[] = []
  #engine: Promise<EngineConnection> | undefined
  #isClosed = false

  /** @param processEnds whether the process ends after the disposal (connectEngine) */
  constructor(host: Host, processEnds = false) {
    this.#host = host
    this.#processEnds = processEnds
  }

  /**
   * Returns the services that need registries only, without a connection. Loads undici when a registry is opened.
   * @throws CnbError CNB_USAGE after disposal
   */
  registryServices(context: Context): RegistryServices {
    this.#checkOpen()
    return {
      host: this.#host,
      // Correct also if containers run in a virtual machine.
      platform: { os: 'linux', architecture: ARCHITECTURES[process.arch] ?? process.arch },
      keychain: () => this.#keychain(context),
      registries: async (settings, chosen) => {
        const [{ openRegistries }, keychain] = await Promise.all([import('../registry/open-registries.ts'), chosen ?? this.#keychain(context)])
        this.#checkOpen()
        const { env } = this.#host
        const registries = openRegistries({ ...settings, keychain, env, userAgent: `${NAME}/${VERSION}`, warn: warningsTo(context), events: context.events })
        this.#closing.push(() => registries.close())
        return registries
      },
    }
  }

  /**
   * Returns the services of one operation. The first call connects to the engine and starts to remove the leftovers of killed runs in the
   * background; after a failure, the next call does. Loads dockerode.
   * @param context of the operation; its events include the spans of the operation's requests
   * @param connecting the context of the connection and of the removal, which other operations share
   * @throws CnbError CNB_USAGE (also after disposal), CNB_ENGINE_UNREACHABLE, CNB_ENGINE_DENIED
   */
  async engineServices(context: Context, connecting: Context = context): Promise<EngineServices> {
    this.#checkOpen()
    const [{ engine, owner, swept }, credentials] = await Promise.all([(this.#engine ??= this.#connect(connecting)), this.#keychain(context)])
    return { engine: engine.reportingTo(context.events), host: this.#host, sweep: () => swept, owner, credentials }
  }

  async #connect(context: Context): Promise<EngineConnection> {
    try {
      return await this.#openEngine(context)
    } catch (error) {
      this.#engine = undefined
      throw error
    }
  }

  async #openEngine(context: Context): Promise<EngineConnection> {
    const [{ connectEngine }, endpoint, { ownProcess, ownerLabel }] = await Promise.all([
      import('../docker/connection/connect.ts'),
      findEndpoint(this.#host),
      import('../base/processes/owner.ts'),
    ])
    const engine = await connectEngine(endpoint, context, this.#processEnds)
    const owner = await ownProcess()
    if (this.#isClosed) engine.close()
    this.#checkOpen()
    const swept = sweep(engine, owner, context)
    this.#closing.push(async () => {
      await swept
      engine.close()
    })
    return { engine, owner: ownerLabel(owner), swept }
  }

  #checkOpen(): void {
    if (!this.#isClosed) return
    throw new CnbError('CNB_USAGE', 'cannot use the connection: it is closed', { hint: 'Call connect() again, and close the connection after the last operation.' })
  }

  async #keychain(context: Context) {
    const { env, home } = this.#host
    const { makeKeychain } = await import('../registry/auth/keychain.ts')
    return makeKeychain({ env, home, signal: context.signal, warn: warningsTo(context) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#closing.splice(0).map((close) => close()))
  }
}

function warningsTo({ events }: Context): (message: string) => void {
  return (message) => events?.({ type: 'warning', message })
}

/** Removes the leftovers of killed runs from the engine and from this machine. Never throws. */
async function sweep(engine: Engine, { space }: ResourceOwner, context: Context): Promise<void> {
  const [{ removeOrphans }, { hasEnded }, { removeAbandonedDirectories }] = await Promise.all([
    import('../docker/orphans.ts'),
    import('../base/processes/owner.ts'),
    import('../base/processes/abandoned-directories.ts'),
  ])
  try {
    const [removed] = await Promise.all([removeOrphans(engine, { space, hasEnded, now: Date.now }, context), removeAbandonedDirectories()])
    if (removed > 0) context.events?.({ type: 'debug', message: `removed ${counted(removed, 'leftover')} of earlier runs` })
  } catch (error) {
    context.events?.({ type: 'debug', message: `cannot remove leftovers of earlier runs: ${toCnbError(error).message}` })
  }
}
