/** Source code in an archive at an http or https address. */

import { CnbError } from '../base/errors.ts'
import { decide, type Context } from '../base/events.ts'
import { once } from '../base/once.ts'
import { shownAddress } from '../formats/shown-address.ts'
import { digestOf, hexOf } from '../oci/digest.ts'
import type { Downloads } from '../registry/download/open-downloads.ts'
import type { Download } from '../registry/download/url-download.ts'
import type { BlobSource } from '../resources/kinds/parts.ts'
import type { SourceCredentials } from './credentials/credentials.ts'
import { SOURCE_LIMITS, type FetchedSource, type ResolvedBlob, type ResolveOptions, type SourceKind, type SourceServices } from './source.ts'
import { findDirectory } from './sub-path.ts'
import { unpackFile } from './unpack.ts'

/**
 * A resolution downloads the archive to the cache, unless the server confirms that it did not change (ETag, Last-Modified). So a blob is
 * identified by its content, and a server without ETags causes no needless builds.
 */
export class BlobKind implements SourceKind<BlobSource, ResolvedBlob> {
  readonly #services: SourceServices
  readonly #downloads: () => Promise<Downloads>
  /** Requests that run: images with one archive share them. */
  readonly #running = new Map<string, Promise<Download>>()

  constructor(services: SourceServices) {
    this.#services = services
    this.#downloads = once(services.downloads)
  }

  async resolve(source: BlobSource & { subPath?: string }, credentials: SourceCredentials, _options: ResolveOptions, context: Context): Promise<ResolvedBlob> {
    const { url, auth } = source
    const key = digestOf(JSON.stringify([url, authorization(url, auth, credentials.blob, context)]))
    const download = this.#running.get(key) ?? this.#download(source, 'always', credentials, context).finally(() => this.#running.delete(key))
    this.#running.set(key, download)
    const { digest } = await download
    return { ...source, digest }
  }

  async fetch(resolved: ResolvedBlob, directory: string, credentials: SourceCredentials, context: Context): Promise<FetchedSource> {
    const { url, digest, subPath, stripComponents } = resolved
    const shown = shownAddress(url)
    const cached = await this.#download(resolved, 'if-not-present', credentials, context)
    // The cache may have an older file, or none.
    const { path, digest: found } = cached.digest === digest ? cached : await this.#download(resolved, 'always', credentials, context)
    if (found !== digest) {
      throw new CnbError('CNB_DOWNLOAD_FAILED', `cannot download ${shown}: its content is ${found}, and was ${digest} when the build started`, { hint: 'Build again.' })
    }
    await unpackFile(path, directory, { ...context, stripComponents, source: shown, limits: this.#services.limits ?? SOURCE_LIMITS })
    return { path: await findDirectory(directory, subPath, shown), metadata: { type: 'blob', metadata: { url: shown }, version: { sha256sum: hexOf(digest) } } }
  }

  async #download({ url, auth }: BlobSource, policy: 'always' | 'if-not-present', { blob }: SourceCredentials, context: Context): Promise<Download> {
    const client = await this.#downloads()
    return client.download(url, policy, { ...context, ...authorization(url, auth, blob, context) })
  }
}

function authorization(url: string, auth: BlobSource['auth'], find: SourceCredentials['blob'], context: Context): { authorization?: string } {
  if (!auth || !URL.canParse(url)) return {}
  const name = shownAddress(url)
  if (auth === 'helper') {
    throw new CnbError('CNB_UNSUPPORTED', `cannot download ${name} with auth: helper, which uses the identity of a cluster's workload`, {
      hint: 'Set auth to secret, and add a Secret with the annotation kpack.io/blob.',
    })
  }
  try {
    const found = find(new URL(url))
    decide(context, { kind: 'source', name }, 'with a Secret', 'spec.source.blob.auth is secret')
    return { authorization: found }
  } catch (error) {
    throw error instanceof CnbError ? error.withMessage(`cannot download ${name}: ${error.message}`) : error
  }
}
