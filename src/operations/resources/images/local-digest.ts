/** The state of a local source's files. */

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Context } from '../../../base/events.ts'
import { DEFAULT_EXEC_ENV } from '../../../lifecycle/exec-env.ts'
import { checkApp } from '../../../project/app.ts'
import { digestApp } from '../../../project/app-digest.ts'
import { cacheDirectory } from '../../../registry/download/cache-directory.ts'
import { readProject } from '../../build/build-project.ts'
import type { Host } from '../../services.ts'

/** Returns the digest of the files that a build of the directory reads. */
export async function digestLocal(path: string, host: Host, context: Context): Promise<string> {
  const app = await checkApp(path, context)
  const project = await readProject({ file: undefined, app, execEnv: DEFAULT_EXEC_ENV }, host, { signal: context.signal })
  const cacheFile = join(cacheDirectory(host), 'stat', createHash('sha256').update(path).digest('hex'))
  const { content } = await digestApp({ app, filter: project?.descriptor ?? {}, cacheFile, ...context })
  return `sha256:${content}`
}
