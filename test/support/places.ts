/** The image sources of read-only commands: an engine or none, and registries, empty by default. */

import { CnbError } from '../../src/base/errors.ts'
import type { Engine } from '../../src/docker/engine.ts'
import type { ImageServices } from '../../src/operations/inspect/locate-image.ts'
import type { Registries, Repository } from '../../src/registry/registry.ts'
import type { RegistrySettings } from '../../src/operations/services.ts'
import type { Host, EngineServices } from '../../src/operations/services.ts'

export interface TestPlaces extends ImageServices {
  /** The settings of each request for registries. */
  readonly settings: RegistrySettings[]
  /** The number of requests for the engine. */
  connected: number
}

const NO_ENGINE = new CnbError('CNB_ENGINE_UNREACHABLE', 'no container engine answers', { hint: 'Start Docker.' })

const NOTHING: Registries = {
  repository: () => ({ name: 'nothing', manifest: async () => undefined }) as unknown as Repository,
  ping: async (host) => ({ origin: `https://${host}`, isAllowed: true }),
  close: async () => {},
  [Symbol.asyncDispose]: async () => {},
}

/** @param engine the engine, or the error with which connecting fails */
export function placesWith(
  { engine = NO_ENGINE, host = { env: {}, cwd: '/', home: '/nowhere' }, registries = NOTHING }: { engine?: Engine | CnbError; host?: Host; registries?: Registries } = {},
): TestPlaces {
  const places: TestPlaces = {
    settings: [],
    connected: 0,
    services: async (): Promise<EngineServices> => {
      places.connected++
      if (engine instanceof CnbError) throw engine
      return { engine, host, owner: 'test', sweep: async () => {}, credentials: async () => undefined }
    },
    remote: {
      host,
      platform: { os: 'linux', architecture: 'amd64' },
      keychain: async () => async () => undefined,
      registries: async (settings) => {
        places.settings.push(settings)
        return registries
      },
    },
  }
  return places
}
