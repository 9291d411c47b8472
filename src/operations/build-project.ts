/** What the app's own project.toml and the env files say of a build. */

import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Context } from '../base/events.ts'
import { stringifyToml } from '../formats/toml.ts'
import { type ProjectDescriptor, readProjectDescriptor } from '../project/descriptor.ts'
import { readEnvFile, resolveEnv } from '../project/env.ts'
import type { Host } from './services.ts'
import { readUserFile } from './user-files.ts'

/** A descriptor and the file it came from. */
export interface Project {
  readonly descriptor: ProjectDescriptor
  readonly file: string
}

/**
 * The app's descriptor: the one named, or `project.toml` in the app where there is one.
 * @throws CnbError CNB_DESCRIPTOR_INVALID
 */
export async function readProject(
  { file: named, app, execEnv }: { readonly file: string | undefined; readonly app: string; readonly execEnv: string },
  host: Host,
  context: Context,
): Promise<Project | undefined> {
  const file = named === undefined ? join(app, 'project.toml') : resolve(host.cwd, named)
  if (named === undefined && !(await isFile(file))) return undefined
  const descriptor = await readProjectDescriptor(file, execEnv)
  for (const warning of descriptor.warnings) context.events?.({ type: 'warning', message: warning })
  return { descriptor, file }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isFile(), () => false)
}

/**
 * The build's environment: project.toml, then env files in their order, then flags, the later ones winning.
 * @throws CnbError CNB_DESCRIPTOR_INVALID, CNB_USAGE
 */
export async function readBuildEnv(
  options: { env?: readonly string[]; envFiles?: readonly string[] },
  project: Project | undefined,
  host: Host,
): Promise<Map<string, string>> {
  const envFiles = await Promise.all(
    (options.envFiles ?? []).map(async (file) => readEnvFile((await readUserFile(file, '--env-file', host)).toString('utf8'), file)),
  )
  return resolveEnv({ projectEnv: project?.descriptor.env ?? [], envFiles, env: options.env ?? [], hostEnv: host.env })
}

/** project-metadata.toml of what the descriptor says of the project itself; undefined when it says nothing. */
export function projectMetadataToml(project: Project | undefined): string | undefined {
  const { version, sourceUrl } = project?.descriptor ?? {}
  if (version === undefined && sourceUrl === undefined) return undefined
  return stringifyToml({
    source: {
      type: 'project',
      ...(version === undefined ? {} : { version: { declared: version } }),
      ...(sourceUrl === undefined ? {} : { metadata: { url: sourceUrl } }),
    },
  })
}
