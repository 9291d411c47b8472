/** Reads the files of `-f`: files, directories with everything below them, and standard input. */

import { readdir, stat } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import { readAtMost, readBounded } from '../../../base/bounded-file.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { ResourceFile } from '../../../resources/documents.ts'

/** The endings of files that are read in directories, as kubectl does. */
const ENDINGS: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json'])
/** In bytes, for each file. */
const MAX_FILE = 10 * 1024 * 1024
const MAX_FILES = 10_000
const STDIN = '-'

export interface ResourceFilesInput {
  readonly cwd: string
  /** Standard input; read for the path `-`. */
  readonly input: AsyncIterable<Buffer>
}

/** Returns the files of all paths, those of a directory by name. @throws CnbError CNB_USAGE */
export async function readResourceFiles(paths: readonly string[], { cwd, input }: ResourceFilesInput, context: Context): Promise<ResourceFile[]> {
  if (paths.filter((path) => path === STDIN).length > 1) throw unreadable(STDIN, 'only one -f can read it')
  const files: ResourceFile[] = []
  for (const path of paths) {
    if (path === STDIN) files.push(await readInput({ cwd, input }))
    else for (const file of await filesAt(path, resolve(cwd, path))) files.push(await readFile(file, context))
    if (files.length > MAX_FILES) throw unreadable(path, `there are more than ${MAX_FILES} files`)
  }
  return files
}

/** Reads one file, or standard input. @throws CnbError CNB_USAGE, also for a directory */
export async function readResourceFile(path: string, from: ResourceFilesInput, context: Context): Promise<ResourceFile> {
  return path === STDIN ? readInput(from) : readFile({ shown: path, path: resolve(from.cwd, path) }, context)
}

async function readInput({ cwd, input }: ResourceFilesInput): Promise<ResourceFile> {
  return { file: 'standard input', text: await textOf(STDIN, readAtMost(input, MAX_FILE)), directory: cwd }
}

interface FoundFile {
  /** As shown in messages. */
  readonly shown: string
  readonly path: string
}

async function filesAt(shown: string, path: string): Promise<FoundFile[]> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(shown, causeOf(error))
  })
  if (!found.isDirectory()) return [{ shown, path }]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const names = entries.filter((entry) => !entry.isDirectory() && ENDINGS.has(extname(entry.name))).map((entry) => join(entry.parentPath, entry.name)).sort()
  if (names.length === 0) throw unreadable(shown, 'the directory has no .yaml, .yml or .json file')
  return names.map((name) => ({ shown: join(shown, name.slice(path.length + 1)), path: name }))
}

async function readFile({ shown, path }: FoundFile, { signal }: Context): Promise<ResourceFile> {
  return { file: shown, text: await textOf(shown, readBounded(path, { max: MAX_FILE, signal })), directory: dirname(path) }
}

async function textOf(shown: string, content: Promise<Buffer>): Promise<string> {
  try {
    return (await content).toString()
  } catch (error) {
    if (error instanceof CnbError) throw error
    throw unreadable(shown, causeOf(error))
  }
}

function causeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it does not exist' : (error as Error).message
}

function unreadable(path: string, why: string): CnbError {
  return new CnbError('CNB_USAGE', `cannot read '${path}': ${why}`, { hint: 'Name a file or directory of resources, or - for standard input.' })
}
