/** Reads package.toml, the input of `cnb buildpack package` (pack's format, as strict as pack). */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { FieldReader } from '../../formats/field-reader.ts'
import { readTomlFields } from '../../formats/toml-fields.ts'
import { readStrictTargets, type BuildTarget, type ModuleKind } from '../buildpack-descriptor.ts'

export interface PackageConfig {
  /** The directory, archive or URL of the module to package. */
  readonly uri: string
  /** Locators. */
  readonly dependencies: readonly string[]
  /** The targets of a composite buildpack. */
  readonly targets: readonly BuildTarget[]
}

/**
 * Reads a package.toml for a package of `kind`. Unknown keys are errors: a typo must not create another package than the intended one.
 * @param file the file's name for errors
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column; CNB_UNSUPPORTED for Windows
 */
export function readPackageToml(text: string, file: string, kind: ModuleKind, context: Context = {}): PackageConfig {
  const root = readTomlFields(text, file, context)
  const [buildpack, extension] = (['buildpack', 'extension'] as const).map((key) => readUri(root, key))
  const uri = kind === 'buildpack' ? buildpack : extension
  if (!uri) throw root.error(kind, `'${kind}.uri' is required`, `Add [${kind}] uri = "." with the directory of the ${kind}.`)
  const config = { uri, dependencies: readDependencies(root), targets: readStrictTargets(root) }
  readPlatform(root)
  root.rejectUnknown()
  if (kind === 'extension' && config.dependencies.length > 0) throw root.error('dependencies', 'a package of an extension has no dependencies')
  return config
}

function readUri(root: FieldReader, key: ModuleKind): string | undefined {
  const table = root.table(key)
  const uri = table?.string('uri')
  table?.rejectUnknown()
  return uri
}

function readDependencies(root: FieldReader): string[] {
  return root.tables('dependencies').map((dependency) => {
    const image = dependency.string('image')
    const uri = dependency.string('uri')
    dependency.rejectUnknown()
    if (image && uri) throw dependency.error('image', 'a dependency has a uri or an image, not both')
    if (image) return image.startsWith('docker:/') ? image : `docker://${image}`
    if (uri) return uri
    throw dependency.error('uri', "a dependency requires a 'uri'")
  })
}

/** Reads the deprecated `[platform] os`; only Linux is supported. */
function readPlatform(root: FieldReader): void {
  const platform = root.table('platform')
  const os = platform?.string('os')
  platform?.rejectUnknown()
  if (!platform || !os || os === 'linux') return
  const { message, position } = platform.error('os', `cannot create a package for '${os}'`)
  throw new CnbError('CNB_UNSUPPORTED', message, { position, hint: 'Use os = "linux", or remove [platform].' })
}
