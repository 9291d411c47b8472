/** Creates the client for downloads of a run. Loads undici, which is slow: import it on demand. */

import { systemClock, type Clock } from '../../base/clock.ts'
import type { EventSink } from '../../base/events.ts'
import { Dispatchers } from '../transport/dispatchers.ts'
import { undiciExchange } from '../transport/undici-exchange.ts'
import type { ContentCache } from './content-cache.ts'
import { downloadUrl, type Download, type DownloadContext, type DownloadLimits, type DownloadPolicy } from './url-download.ts'

export interface DownloadsOptions {
  readonly cache: ContentCache
  /** PEM certificates to trust in addition to the system's. */
  readonly ca: readonly Buffer[]
  /** For proxies and certificates, as for registries. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly userAgent: string
  /** Receives a span for each exchange. */
  readonly events?: EventSink | undefined
  /** The clock for pauses; default: the system's. */
  readonly clock?: Clock
  /** Default: 4 GiB, 30 minutes. */
  readonly limits?: DownloadLimits
}

export interface Downloads {
  /** See downloadUrl. */
  download(url: string, policy: DownloadPolicy, context?: DownloadContext): Promise<Download>
  /** Aborts running downloads, and closes all connections. */
  close(): Promise<void>
}

/** Concurrent requests per host. */
const CONCURRENCY = 4

/** Creates the client; connections are opened on demand. @throws CnbError CNB_USAGE for an invalid certificate or an unusable proxy */
export function openDownloads({ cache, ca, env, userAgent, events, clock = systemClock, limits }: DownloadsOptions): Downloads {
  const dispatchers = new Dispatchers({ env, ca, isInsecure: () => false })
  const exchange = undiciExchange((origin) => dispatchers.for(origin), CONCURRENCY, events)
  const services = { exchange, cache, clock, userAgent, limits }
  return {
    download: (url, policy, context) => downloadUrl(url, services, policy, context),
    close: () => dispatchers.close(),
  }
}
