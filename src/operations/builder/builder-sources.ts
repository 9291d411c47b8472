/** Reader of builder.toml and of the local buildpacks and extensions that it references. */

import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { readBuilderToml, type BuilderConfig, type ModuleSource } from '../../builder/builder-toml.ts'
import type { Buildpack } from '../../buildpacks/buildpack.ts'
import type { ModuleKind } from '../../buildpacks/buildpack-descriptor.ts'
import { parseLocator } from '../../buildpacks/locator.ts'
import { readBuildpacks } from '../../buildpacks/read.ts'
import { parseNamedFile, readNamedFile } from '../named-file.ts'
import type { Host } from '../services.ts'

/**
 * Reads a builder.toml.
 * @param shown the path as the user typed it, for messages
 * @throws CnbError CNB_DESCRIPTOR_INVALID, CNB_UNSUPPORTED
 */
export async function readBuilderFile(path: string, shown: string, { cwd }: Host, context: Context): Promise<BuilderConfig> {
  const file = await readNamedFile({ path, shown, what: `'${shown}'` }, 'CNB_DESCRIPTOR_INVALID', [cwd], context)
  return parseNamedFile(file, (text) => readBuilderToml(text, shown))
}

/**
 * Returns the absolute path of a uri of builder.toml.
 * @throws CnbError CNB_UNSUPPORTED for a remote uri, CNB_USAGE for a buildpack of a builder, CNB_BUILDPACK_NOT_FOUND
 */
async function modulePath(uri: string, base: string): Promise<string> {
  const exists = (path: string): Promise<boolean> => access(resolve(base, path)).then(() => true, () => false)
  const locator = await parseLocator(uri, { exists })
  if (locator.type === 'path') return resolve(base, locator.path)
  throw new CnbError('CNB_USAGE', `cannot use '${uri}' in builder.toml: the new builder does not contain buildpacks yet`, {
    hint: 'Use a directory or an archive.',
  })
}

/**
 * Reads the entries of `[[buildpacks]]` or `[[extensions]]`, and the buildpacks in the same packages. Checks the id and version of each
 * entry.
 * @param base builder.toml's directory
 * @throws CnbError CNB_BUILDPACK_INVALID, CNB_BUILDPACK_NOT_FOUND, CNB_DESCRIPTOR_INVALID, CNB_UNSUPPORTED
 */
export async function readModules(
  sources: readonly ModuleSource[],
  kind: ModuleKind,
  base: string,
  context: Context,
): Promise<Buildpack[]> {
  const modules: Buildpack[] = []
  for (const source of sources) {
    const found = await readBuildpacks(await modulePath(source.uri, base), context, kind)
    const info = found[0]?.descriptor.info
    for (const key of ['id', 'version'] as const) {
      const wanted = source[key]
      if (wanted === undefined || wanted === info?.[key]) continue
      const message = `the ${kind} at '${source.uri}' has ${key} '${info?.[key]}', but builder.toml specifies '${wanted}'`
      throw new CnbError('CNB_BUILDPACK_INVALID', message, { hint: `Correct the ${key} in builder.toml or in the ${kind}.` })
    }
    modules.push(...found)
  }
  return modules
}
