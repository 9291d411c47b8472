/** What a builder.toml points at on the disk. */

import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { readBuilderToml, type BuilderConfig, type ModuleSource } from '../../builder/builder-toml.ts'
import type { Buildpack } from '../../buildpacks/buildpack.ts'
import type { ModuleKind } from '../../buildpacks/descriptor.ts'
import { parseLocator } from '../../buildpacks/locator.ts'
import { readBuildpacks } from '../../buildpacks/read.ts'
import { parseNamedFile, readNamedFile } from '../named-file.ts'
import type { Host } from '../services.ts'

/**
 * Reads a builder.toml.
 * @param shown its name as the user typed it
 * @throws CnbError CNB_DESCRIPTOR_INVALID, CNB_UNSUPPORTED
 */
export async function readBuilderFile(path: string, shown: string, { cwd }: Host, context: Context): Promise<BuilderConfig> {
  const file = await readNamedFile({ path, shown, what: `'${shown}'` }, 'CNB_DESCRIPTOR_INVALID', [cwd], context)
  return parseNamedFile(file, (text) => readBuilderToml(text, shown))
}

/**
 * The path that a uri of builder.toml stands for.
 * @throws CnbError CNB_UNSUPPORTED for what would have to be fetched, CNB_BUILDPACK_NOT_FOUND
 */
async function modulePath(uri: string, base: string): Promise<string> {
  const exists = (path: string): Promise<boolean> => access(resolve(base, path)).then(() => true, () => false)
  const locator = await parseLocator(uri, { exists })
  if (locator.type === 'path') return resolve(base, locator.path)
  throw new CnbError('CNB_USAGE', `'${uri}' names a buildpack of a builder, but the builder is only being made`, {
    hint: 'Give a directory or an archive.',
  })
}

/**
 * Reads what `[[buildpacks]]` or `[[extensions]]` name, with what comes along; each must be what its entry says it is.
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
      const message = `the ${kind} at '${source.uri}' has ${key} '${info?.[key]}', but builder.toml says '${wanted}'`
      throw new CnbError('CNB_BUILDPACK_INVALID', message, { hint: 'Correct the one that is wrong.' })
    }
    modules.push(...found)
  }
  return modules
}
