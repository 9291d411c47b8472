/** Connections to the engine and to registries; their code is loaded on first use. */

import { getPriority, hostname } from 'node:os'
import { toCnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { NAME, VERSION } from '../base/version.ts'
import type { Engine } from '../docker/engine.ts'
import type { ResourceOwner } from '../docker/owner.ts'
import type { EngineServices, Host, RegistryServices } from './services.ts'

/** Go's processor names, which images use, by Node's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' }

/** Opens connections and closes all of them on disposal; open connections keep the process alive. */
export class Connections implements AsyncDisposable {
  readonly #host: Host
  readonly #closing: (() => Promise<void>)[] = []

  constructor(host: Host) {
    this.#host = host
  }

  /** Returns the services that need registries only, without a connection. Loads undici when a registry is opened. */
  registryServices(context: Context): RegistryServices {
    return {
      host: this.#host,
      // Correct also if containers run in a virtual machine.
      platform: { os: 'linux', architecture: ARCHITECTURES[process.arch] ?? process.arch },
      registries: async (settings) => {
        const [{ openRegistries }, keychain] = await Promise.all([import('../registry/open-registries.ts'), this.#keychain(context)])
        const { env } = this.#host
        const registries = openRegistries({ ...settings, keychain, env, userAgent: `${NAME}/${VERSION}`, warn: warningsTo(context), events: context.events })
        this.#closing.push(() => registries.close())
        return registries
      },
    }
  }

  /**
   * Connects to the engine and starts to remove the leftovers of killed runs in the background. Loads dockerode.
   * @throws CnbError CNB_USAGE, CNB_ENGINE_UNREACHABLE, CNB_ENGINE_DENIED
   */
  async engineServices(context: Context): Promise<EngineServices> {
    const { env, home } = this.#host
    const [{ connectEngine }, { resolveEndpoint }, credentials, { currentOwner, ownerLabel }] = await Promise.all([
      import('../docker/connection/connect.ts'),
      import('../docker/connection/endpoint.ts'),
      this.#keychain(context),
      import('../docker/owner.ts'),
    ])
    const endpoint = await resolveEndpoint({ env, home, uid: process.getuid?.(), windows: process.platform === 'win32' })
    const engine = await connectEngine(endpoint, context)
    const owner = await currentOwner(hostname(), process.pid)
    const swept = sweep(engine, owner, context)
    this.#closing.push(async () => {
      await swept
      engine.close()
    })
    return {
      engine,
      host: this.#host,
      sweep: () => swept,
      owner: ownerLabel(owner),
      credentials,
    }
  }

  async #keychain(context: Context) {
    const { env, home } = this.#host
    const { makeKeychain } = await import('../registry/auth/keychain.ts')
    return makeKeychain({ env, home, signal: context.signal, warn: warningsTo(context) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#closing.splice(0).map((close) => close()))
  }
}

function warningsTo({ events }: Context): (message: string) => void {
  return (message) => events?.({ type: 'warning', message })
}

/** Removes the leftovers of killed runs from the engine. Never throws. */
async function sweep(engine: Engine, { space }: ResourceOwner, context: Context): Promise<void> {
  const [{ removeOrphans }, { hasEnded }] = await Promise.all([import('../docker/orphans.ts'), import('../docker/owner.ts')])
  try {
    const removed = await removeOrphans(engine, { space, hasEnded: (owner) => hasEnded(owner, processExists), now: Date.now }, context)
    if (removed > 0) context.events?.({ type: 'debug', message: `removed ${removed} leftovers of earlier runs` })
  } catch (error) {
    context.events?.({ type: 'debug', message: `cannot remove leftovers of earlier runs: ${toCnbError(error).message}` })
  }
}

/** Returns whether a process with this id exists, by getpriority(2), which the mount option hidepid of /proc does not restrict. */
export function processExists(pid: number): boolean {
  try {
    getPriority(pid)
    return true
  } catch (error) {
    return (error as { info?: { code?: string } }).info?.code !== 'ESRCH'
  }
}
