/** The cache of downloads and the client for http(s) addresses, for one operation. */

import type { Context } from '../base/events.ts'
import { NAME, VERSION } from '../base/version.ts'
import { cacheDirectory, DEFAULT_BUDGET } from '../registry/download/cache-directory.ts'
import { openContentCache, type ContentCache } from '../registry/download/content-cache.ts'
import type { Downloads } from '../registry/download/open-downloads.ts'
import type { Download, DownloadPolicy } from '../registry/download/url-download.ts'
import type { Config } from './config/config.ts'
import type { Host, RegistrySettings } from './services.ts'

/** Disposal closes the connections and reduces the cache to its budget. */
export interface DownloadSession extends AsyncDisposable {
  readonly cache: ContentCache
  /** See downloadUrl. */
  download(url: string, policy: DownloadPolicy, context?: Context): Promise<Download>
}

/** Opens the user's cache. The directory, and undici for downloads, are opened on first use. */
export function openDownloadSession(
  host: Host,
  { cacheSize = DEFAULT_BUDGET }: Pick<Config, 'cacheSize'>,
  { ca }: Pick<RegistrySettings, 'ca'>,
  { events }: Context,
): DownloadSession {
  const cache = openContentCache(cacheDirectory(host), { budget: cacheSize, events })
  let client: Promise<Downloads> | undefined
  const open = async (): Promise<Downloads> => {
    const { openDownloads } = await import('../registry/download/open-downloads.ts')
    return openDownloads({ cache, ca, env: host.env, userAgent: `${NAME}/${VERSION}`, events })
  }
  return {
    cache,
    download: async (url, policy, context) => (await (client ??= open())).download(url, policy, context),
    [Symbol.asyncDispose]: async () => {
      await (await client?.catch(() => undefined))?.close()
      await cache[Symbol.asyncDispose]()
    },
  }
}
