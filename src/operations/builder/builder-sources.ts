/** Reader of builder.toml and of the buildpacks and extensions that it references. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { readBuilderToml, type BuilderConfig, type ModuleSource } from '../../builder/builder-toml.ts'
import { Limiter } from '../../base/limiter.ts'
import { uniqueModules, type Buildpack } from '../../buildpacks/buildpack.ts'
import type { ModuleKind } from '../../buildpacks/buildpack-descriptor.ts'
import { externalLocator, type ModuleSources } from '../../buildpacks/module-sources.ts'
import type { Platform } from '../../oci/platform.ts'
import { parseNamedFile, readNamedFile } from '../named-file.ts'
import type { Host } from '../services.ts'

/** Concurrent reads: most wait for a registry or a disk. */
const AT_ONCE = 8

/**
 * Reads a builder.toml.
 * @param shown the path as the user typed it, for messages
 * @throws CnbError CNB_DESCRIPTOR_INVALID, CNB_UNSUPPORTED
 */
export async function readBuilderFile(path: string, shown: string, { cwd }: Host, context: Context): Promise<BuilderConfig> {
  const file = await readNamedFile({ path, shown, what: `'${shown}'` }, 'CNB_DESCRIPTOR_INVALID', [cwd], context)
  return parseNamedFile(file, (text) => readBuilderToml(text, shown))
}

/** What readModules needs besides the entries. */
export interface BuilderModules {
  readonly sources: ModuleSources
  /** The directory of builder.toml. */
  readonly base: string
  readonly platform: Platform
}

/**
 * Reads the entries of `[[buildpacks]]` or `[[extensions]]`, and the modules in the same packages. Checks the id and version of each
 * entry.
 * @throws CnbError CNB_BUILDPACK_INVALID, CNB_BUILDPACK_NOT_FOUND, CNB_DESCRIPTOR_INVALID, CNB_USAGE for a module of a builder, and the
 * errors of the sources
 */
export async function readBuilderModules(
  entries: readonly ModuleSource[],
  kind: ModuleKind,
  { sources, base, platform }: BuilderModules,
  context: Context,
): Promise<Buildpack[]> {
  const read = async (source: ModuleSource): Promise<Buildpack[]> => {
    const found = await sources.read(await externalLocator(source.uri, base), base, { kind, platform }, context)
    const info = found[0]?.descriptor.info
    for (const key of ['id', 'version'] as const) {
      const wanted = source[key]
      if (wanted === undefined || wanted === info?.[key]) continue
      const message = `the ${kind} at '${source.uri}' has ${key} '${info?.[key]}', but builder.toml specifies '${wanted}'`
      throw new CnbError('CNB_BUILDPACK_INVALID', message, { hint: `Correct the ${key} in builder.toml or in the ${kind}.` })
    }
    return found
  }
  const limit = new Limiter(AT_ONCE)
  return uniqueModules((await Promise.all(entries.map((entry) => limit.run(() => read(entry))))).flat())
}
