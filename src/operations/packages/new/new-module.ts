/** `cnb buildpack new` and `cnb extension new`: write a working buildpack or extension, with a test. */

import { resolve } from 'node:path'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import { readDescriptor, type ModuleKind } from '../../../buildpacks/buildpack-descriptor.ts'
import { parseTarget } from '../../../buildpacks/parse-target.ts'
import type { Host } from '../../services.ts'
import { bashFiles } from './bash-files.ts'
import { LANGUAGES, NEW_APIS, type Language } from './choices.ts'
import { extensionFiles } from './extension-files.ts'
import { goFiles } from './go-files.ts'
import { shortName, type NewModule } from './module-files.ts'
import { writeNewDirectory, type NewFile } from './new-directory.ts'
import { typeScriptFiles } from './typescript-files.ts'

export interface NewModuleOptions {
  kind: ModuleKind
  id: string
  /** Default: the first of NEW_APIS, which most builders support. */
  api?: (typeof NEW_APIS)[number]
  /** The language of a buildpack; default: bash. */
  language?: Language
  /** The directory to create; default: the last part of the ID, in the working directory. */
  path?: string
  /** Default: 1.0.0. */
  version?: string
  /** Target platforms; default: Linux, for Go on amd64 and arm64. */
  targets?: string[]
}

/** The JSON output of `cnb buildpack new` and `cnb extension new`. */
export interface NewModuleResult {
  id: string
  version: string
  /** Absent for an extension. */
  language?: Language
  /** The new directory. */
  path: string
  /** Its files, relative to it. */
  files: string[]
}

const FILES: Readonly<Record<Language, (module: NewModule) => NewFile[]>> = { bash: bashFiles, go: goFiles, ts: typeScriptFiles }
const DEFAULT_TARGETS: Readonly<Record<Language, readonly string[]>> = { bash: ['linux'], go: ['linux/amd64', 'linux/arm64'], ts: ['linux'] }
/** The specification's characters: other platforms reject others. */
const ID = /^[A-Za-z0-9.-]+(?:\/[A-Za-z0-9.-]+)*$/

/**
 * Writes the files of a new buildpack or extension to a new directory, all or none.
 * @throws CnbError CNB_USAGE for an invalid ID, version or target, CNB_OUTPUT if the directory exists or cannot be written
 */
export async function newModule(options: NewModuleOptions, { cwd }: Host, context: Context): Promise<NewModuleResult> {
  const { kind, id, version = '1.0.0', api = NEW_APIS[0], language = LANGUAGES[0] } = options
  const targets = (options.targets?.length ? options.targets : DEFAULT_TARGETS[language]).map((text) => parseTarget(text, '--targets'))
  if (!ID.test(id)) {
    throw new CnbError('CNB_USAGE', `'${id}' is not the ID of a ${kind}`, { hint: "Use letters, digits, '.', '-' and '/', for example 'acme/hello'." })
  }
  const module = { kind, id, version, api, targets }
  const files = kind === 'extension' ? extensionFiles(module) : FILES[language](module)
  checkDescriptor(module, files)
  const path = resolve(cwd, options.path ?? shortName(module))
  await writeNewDirectory(path, files, context)
  return { id, version, ...(kind === 'buildpack' ? { language } : {}), path, files: files.map((file) => file.path) }
}

/** Reads the new descriptor, which has the checks of ID and version. */
function checkDescriptor({ kind }: NewModule, [descriptor]: readonly NewFile[]): void {
  try {
    readDescriptor(descriptor?.text ?? '', `${kind}.toml`, kind)
  } catch (error) {
    throw error instanceof CnbError ? new CnbError('CNB_USAGE', `cannot create the ${kind}: ${error.message}`, { cause: error }) : error
  }
}
