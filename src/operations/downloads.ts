/** The cache of downloads and the client for http(s) addresses, for one operation. */

import { CnbError, type ErrorCode } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { NAME, VERSION } from '../base/version.ts'
import { cacheDirectory, DEFAULT_BUDGET } from '../registry/download/cache-directory.ts'
import { openContentCache, type ContentCache } from '../registry/download/content-cache.ts'
import type { Downloads } from '../registry/download/open-downloads.ts'
import { forgetUrl, type Download, type DownloadPolicy } from '../registry/download/url-download.ts'
import type { Config } from './config/config.ts'
import type { Host, RegistrySettings } from './services.ts'

/** The codes of errors in a file's content. */
const INVALID = new Set<ErrorCode>(['CNB_BUILDPACK_INVALID', 'CNB_DESCRIPTOR_INVALID', 'CNB_IMAGE_INVALID', 'CNB_LIFECYCLE_INVALID', 'CNB_UNSUPPORTED'])

/** Disposal closes the connections and reduces the cache to its budget. */
export interface DownloadSession extends AsyncDisposable {
  readonly cache: ContentCache
  /** Returns the client, which the session closes. */
  readonly open: () => Promise<Downloads>
  /**
   * Downloads a file (see downloadUrl), and reads it with `read`. A file that is invalid is not used again: a server may send an error
   * page with status 200.
   */
  read<T>(url: string, policy: DownloadPolicy, context: Context, read: (file: Download) => Promise<T>): Promise<T>
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
  const connect = async (): Promise<Downloads> => {
    const { openDownloads } = await import('../registry/download/open-downloads.ts')
    return openDownloads({ cache, ca, env: host.env, userAgent: `${NAME}/${VERSION}`, events })
  }
  const open = (): Promise<Downloads> => (client ??= connect())
  return {
    cache,
    open,
    read: async (url, policy, context, read) => {
      const file = await (await open()).download(url, policy, context)
      try {
        return await read(file)
      } catch (error) {
        if (error instanceof CnbError && INVALID.has(error.code)) await forgetUrl(url, cache)
        throw error
      }
    },
    [Symbol.asyncDispose]: async () => {
      await (await client?.catch(() => undefined))?.close()
      await cache[Symbol.asyncDispose]()
    },
  }
}
