/** Labels and source of an image from the git repository of its app. */

import { decide, type Context } from '../../../base/events.ts'
import { CnbError } from '../../../base/errors.ts'
import { GitError } from '../../../git/run-git.ts'
import { readWorkTree, type WorkTree } from '../../../git/work-tree.ts'
import type { Host } from '../../services.ts'

export interface GitMetadata {
  readonly labels: ReadonlyMap<string, string>
  /** The source in the form of kpack, for io.buildpacks.project.metadata. */
  readonly source: object
}

/**
 * Reads the repository around the app. The same commit has the same metadata in every checkout: no time, branch or path is a part of it.
 * @param required whether a missing repository is an error
 * @throws CnbError CNB_USAGE
 */
export async function readGitMetadata(app: string, required: boolean, { env }: Pick<Host, 'env'>, context: Context): Promise<GitMetadata | undefined> {
  try {
    return metadataOf(await readWorkTree(app, env, context))
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    const { message, hint } = error
    if (required) throw new CnbError('CNB_USAGE', `cannot read the git repository of ${app}: ${message}`, { hint: hint ?? 'Leave out --git-labels.' })
    decide(context, { kind: 'source' }, 'not recorded', `git cannot read the app's repository: ${message}`)
    return undefined
  }
}

export function metadataOf({ commit, isDirty, tag, origin }: WorkTree): GitMetadata {
  const address = webAddress(origin ?? '')
  // As BuildKit marks it.
  const revision = isDirty ? `${commit}-dirty` : commit
  const version = isDirty ? undefined : tag
  const labels = { revision, version, source: address, url: address, title: address?.split('/').at(-1) }
  return {
    labels: new Map(Object.entries(labels).flatMap(([name, value]) => (value ? [[`org.opencontainers.image.${name}`, value]] : []))),
    source: { type: 'git', version: { commit: revision }, metadata: { ...(address ? { repository: address } : {}), revision } },
  }
}

/**
 * Returns the repository's address on the web, without user, password, query and `.git`; undefined for one that is not on a server.
 * Checkouts by ssh and by https have the same.
 */
function webAddress(remote: string): string | undefined {
  const [, host, path] = /^(?:[\w.-]+@)?([\w][\w.-]*):(?!\/\/)([^\s:]+)$/.exec(remote) ?? []
  let url: URL
  try {
    url = new URL(host === undefined ? remote : `ssh://${host}/${path}`)
  } catch {
    return undefined
  }
  if (!/^(https?|ssh|git):$/.test(url.protocol) || url.hostname === '') return undefined
  const place = url.pathname.replace(/\/+$/, '').replace(/\.git$/, '')
  const isWeb = url.protocol.startsWith('http')
  return place.length > 1 ? `${isWeb ? url.protocol : 'https:'}//${isWeb ? url.host : url.hostname}/${place.replace(/^\/+/, '')}` : undefined
}
