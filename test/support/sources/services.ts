/** The dependencies of sources in tests: real clients without the machine's configuration. */

import { join } from 'node:path'
import type { CnbEvent, Context } from '../../../src/base/events.ts'
import { GitShells } from '../../../src/git/git-shells.ts'
import { openContentCache } from '../../../src/registry/download/content-cache.ts'
import { openDownloads, type Downloads } from '../../../src/registry/download/open-downloads.ts'
import { openRegistries } from '../../../src/registry/open-registries.ts'
import type { Registries } from '../../../src/registry/registry.ts'
import type { Secret, ServiceAccount } from '../../../src/resources/kinds/core.ts'
import { readCredentials, type SourceCredentials } from '../../../src/sources/credentials/credentials.ts'
import type { SourceServices } from '../../../src/sources/source.ts'
import { GIT_ENV } from '../registry/index-repository.ts'

export interface TestServices extends AsyncDisposable {
  readonly services: SourceServices
  readonly events: CnbEvent[]
  readonly context: Context
}

/** @param directory for the cache of downloads */
export function sourceServices(directory: string, more: Partial<SourceServices> = {}): TestServices {
  const events: CnbEvent[] = []
  const opened: (Downloads | Registries)[] = []
  const context: Context = { events: (event) => void events.push(event) }
  const keep = async <T extends Downloads | Registries>(client: T): Promise<T> => {
    opened.push(client)
    return client
  }
  const cache = openContentCache(join(directory, 'cache'), { budget: 1e9 })
  const { ca = [] } = more
  const shells = new GitShells()
  return {
    events,
    context,
    services: {
      env: GIT_ENV,
      git: shells.run,
      platform: { os: 'linux', architecture: 'amd64' },
      downloads: () => keep(openDownloads({ cache, ca, env: {}, userAgent: 'test', events: context.events })),
      registries: (keychain) => keep(openRegistries({ keychain, insecure: [], mirrors: {}, ca, env: {}, userAgent: 'test' })),
      ...more,
    },
    async [Symbol.asyncDispose]() {
      shells[Symbol.dispose]()
      await Promise.all(opened.map((client) => client.close()))
    },
  }
}

/** Returns a Secret with values as text. */
export function secretOf(name: string, type: string, data: Record<string, string>, annotations: Record<string, string> = {}): Secret {
  const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]))
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default', annotations }, type, data: encoded }
}

/** Returns the credentials of a service account that lists the Secrets. */
export function credentialsWith(...secrets: Secret[]): SourceCredentials {
  const serviceAccount: ServiceAccount = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' }, secrets: secrets.map(({ metadata }) => ({ name: metadata.name })) }
  return readCredentials({ serviceAccount, secret: (name) => secrets.find(({ metadata }) => metadata.name === name) })
}

/** Runs `work` with another directory for temporary files, which other tests do not use. */
export async function withTemporary<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = directory
  try {
    return await work()
  } finally {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  }
}
