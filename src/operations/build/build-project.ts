/** Reader of the app's project.toml, of env files and of the names of the app's files. */

import { lstat, realpath, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { counted } from '../../base/counted.ts'
import type { TarEntry } from '../../archive/tar/tar-writer.ts'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { stringifyToml } from '../../formats/toml.ts'
import { DEFAULT_EXEC_ENV, parseExecEnv } from '../../lifecycle/exec-env.ts'
import { appEntries, checkApp, type App } from '../../project/app.ts'
import { type ProjectDescriptor, parseProjectDescriptor } from '../../project/project-descriptor.ts'
import { readEnvFile, resolveEnv } from '../../project/env.ts'
import { CONTENT_NOT_SHOWN, isInside, parseNamedFile, readNamedFile, type NamedFile } from '../named-file.ts'
import type { Host } from '../services.ts'
import type { BuildOptions } from './build-options.ts'

/** A project descriptor and the path of its file. */
export interface Project {
  readonly descriptor: ProjectDescriptor
  readonly file: string
}

/**
 * Reads the specified descriptor, or `project.toml` in the app. Returns undefined if neither exists. Emits the descriptor's warnings.
 * @param file the value of --descriptor
 * @throws CnbError CNB_DESCRIPTOR_INVALID
 */
export async function readProject(
  { file: named, app, execEnv }: { readonly file: string | undefined; readonly app: App; readonly execEnv: string },
  host: Host,
  context: Context,
): Promise<Project | undefined> {
  const file = named === undefined ? await findDescriptor(app, context) : await readDescriptorFile(resolve(host.cwd, named), [app.path, host.cwd], context)
  if (!file) return undefined
  const descriptor = parseNamedFile(file, (text) => parseProjectDescriptor(text, file.path, execEnv))
  for (const message of file.leadsOut ? hidden(file, descriptor.warnings) : descriptor.warnings) context.events?.({ type: 'warning', message })
  return { descriptor, file: file.path }
}

function readDescriptorFile(path: string, near: readonly string[], context: Context): Promise<NamedFile> {
  return readNamedFile({ path, shown: path, what: `the project descriptor ${path}` }, 'CNB_DESCRIPTOR_INVALID', near, context)
}

/** Reads the app's project.toml. The app's author controls it, so it must be a regular file inside the app. */
async function findDescriptor({ path: app, archive }: App, context: Context): Promise<NamedFile | undefined> {
  const path = join(app, 'project.toml')
  if (archive) return archive.projectToml === undefined ? undefined : { path, shown: path, text: archive.projectToml, leadsOut: false }
  const refuse = (kind: string): never => {
    throw new CnbError('CNB_DESCRIPTOR_INVALID', `cannot read the project descriptor ${path}: it is ${kind}`, {
      position: { file: path },
      hint: 'Replace it with a regular file, or specify the file with --descriptor.',
    })
  }
  const real = await realpath(path).catch(() => undefined)
  if (real === undefined) {
    const there = await lstat(path).catch(() => undefined)
    return there?.isSymbolicLink() ? refuse('a link to a file that does not exist') : undefined
  }
  if (!isInside(real, app)) return refuse('a link to a file outside the app')
  const found = await stat(real)
  if (!found.isFile()) return refuse(found.isDirectory() ? 'a directory' : 'not a regular file')
  return readDescriptorFile(path, [app], context)
}

function hidden({ shown }: NamedFile, { length }: readonly string[]): string[] {
  return length === 0 ? [] : [`${shown} has ${counted(length, 'warning')}, and ${CONTENT_NOT_SHOWN}`]
}

/**
 * Returns the build's environment variables. Flags override env files, later env files override earlier ones, and all override
 * project.toml.
 * @throws CnbError CNB_DESCRIPTOR_INVALID, CNB_USAGE
 */
export async function readBuildEnv(
  options: { env?: readonly string[]; envFiles?: readonly string[] },
  { project, app }: { readonly project: Project | undefined; readonly app: string },
  host: Host,
  context: Context,
): Promise<Map<string, string>> {
  const envFiles = await Promise.all(
    (options.envFiles ?? []).map(async (shown) => {
      const named = { path: resolve(host.cwd, shown), shown, what: `--env-file '${shown}'` }
      const file = await readNamedFile(named, 'CNB_USAGE', [app, host.cwd], context)
      return parseNamedFile(file, (text) => readEnvFile(text, shown))
    }),
  )
  return resolveEnv({ projectEnv: project?.descriptor.env ?? [], envFiles, env: options.env ?? [], hostEnv: host.env })
}

/**
 * Returns the project-metadata.toml of the descriptor's version and source URL. Returns undefined if it has neither.
 * @param source takes precedence
 */
export function projectMetadataToml(project: Project | undefined, source?: object): string | undefined {
  if (source) return stringifyToml({ source })
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

/** A file of the app, with its path relative to the app's root; its size in bytes. */
export interface AppFile {
  readonly path: string
  readonly type: TarEntry['type']
  readonly size: number
}

/** The directory of the listed entries; any name does. */
const ROOT = 'app'

/** Lists the app's files as the build gets them, after `include` and `exclude`. @throws CnbError CNB_APP_INVALID, CNB_DESCRIPTOR_INVALID, and those of appEntries */
export async function listAppFiles(options: Pick<BuildOptions, 'path' | 'descriptor' | 'execEnv'>, host: Host, context: Context): Promise<AppFile[]> {
  const app = await checkApp(resolve(host.cwd, options.path ?? '.'), context)
  const execEnv = parseExecEnv(options.execEnv ?? DEFAULT_EXEC_ENV)
  const project = await readProject({ file: options.descriptor, app, execEnv }, host, context)
  const files: AppFile[] = []
  for await (const { name, type, size = 0 } of appEntries({ app, root: ROOT, uid: 0, gid: 0, filter: project?.descriptor ?? {}, ...context })) {
    if (type !== 'directory') files.push({ path: name.toString().slice(ROOT.length + 1), type, size })
  }
  return files
}
