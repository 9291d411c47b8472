/** The options and the result of `cnb buildpack package` and `cnb extension package`. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import type { BuildTarget, ModuleKind } from '../../buildpacks/buildpack-descriptor.ts'
import { parseTarget } from '../../buildpacks/parse-target.ts'
import type { PullPolicy } from '../../images/find/find-image.ts'
import type { RegistryOptions } from '../config/registry-settings.ts'
import { parseLabel } from '../parse-label.ts'

export interface PackageOptions extends RegistryOptions {
  kind: ModuleKind
  /** The package's name: of an image, or for the format `file` of a file. */
  name: string
  /** Path of package.toml; paths in it are relative to its directory. */
  config?: string
  /** The directory, archive or package to package; default without `config`: the working directory. */
  path?: string
  /** Default: image. */
  format?: 'image' | 'file'
  publish?: boolean
  /** The name of the buildpack registry; default: the configuration file's. */
  buildpackRegistry?: string
  /** Places as in `build`. */
  to?: string[]
  /** `os/arch[/variant][:distro@version]`; default: the targets of the descriptor, or of package.toml for a composite buildpack. */
  targets?: string[]
  /** Whether all buildpacks share one layer. */
  flatten?: boolean
  /** The `id@version` of buildpacks that keep their layers. */
  flattenExclude?: string[]
  /** `key=value` labels. */
  labels?: string[]
  tags?: string[]
  pullPolicy?: PullPolicy
  /** Appends the platform to the tags of a published package's images. */
  appendImageNameSuffix?: boolean
}

/** The image of one target. */
interface PackagedImage {
  /** Such as `linux/amd64`. */
  target: string
  /** The image's ID on an engine, otherwise its place with the digest. */
  id: string
  /** The file, for the format `file`. */
  path?: string
}

/** The JSON output of `cnb buildpack package` and `cnb extension package`. */
export interface PackageResult {
  /** The name of the image, or the path of the file. */
  package: string
  tags: string[]
  /** Where the package was saved: `engine`, `registry`, `oci:DIR` or `file`. */
  places: string[]
  /** The line that --quiet prints: `name@digest`, or the image ID on a graph-driver engine; for files the path of the first. */
  reference: string
  id: string
  version: string
  images: PackagedImage[]
  modules: { id: string; version: string }[]
  durationMs: number
}

/** The parsed options, apart from files. */
export interface PackageSettings {
  readonly labels: Readonly<Record<string, string>>
  readonly targets: readonly BuildTarget[]
  readonly flattenExcept: readonly string[] | undefined
}

/**
 * Checks and parses options. @throws CnbError CNB_USAGE, CNB_UNSUPPORTED
 */
export function readPackageOptions(options: PackageOptions, { events }: Context): PackageSettings {
  const { config, path, format = 'image', publish, to = [], flatten, flattenExclude = [], pullPolicy } = options
  const usage = (message: string, hint: string): CnbError => new CnbError('CNB_USAGE', message, { hint })
  if (config !== undefined && path !== undefined) throw usage('--config and --path exclude each other', 'Use the uri in package.toml instead of --path.')
  if (publish && pullPolicy === 'never') throw usage('--publish and --pull-policy never exclude each other', 'Use another pull policy: a published package uses images of registries.')
  if (format === 'file' && to.length > 0) throw usage('--format file and --to exclude each other', 'Use one of them.')
  if (flattenExclude.length > 0 && !flatten) throw usage('--flatten-exclude requires --flatten', 'Add --flatten.')
  const unclear = flattenExclude.find((name) => !/^[^@]+@[^@]+$/.test(name))
  if (unclear !== undefined) throw usage(`invalid --flatten-exclude '${unclear}': expected id@version`, "Use, for example, 'acme/node@1.0.0'.")
  const ignored = [
    format === 'file' && publish && '--publish',
    format === 'file' && options.tags?.length && '--tag',
    options.appendImageNameSuffix && (!publish || format === 'file') && '--append-image-name-suffix',
  ].filter((flag) => typeof flag === 'string')
  for (const flag of ignored) events?.({ type: 'warning', message: `${flag} has no effect: it is for published images` })
  return {
    labels: Object.fromEntries((options.labels ?? []).map(parseLabel)),
    targets: (options.targets ?? []).map((text) => parseTarget(text)),
    flattenExcept: flatten ? flattenExclude : undefined,
  }
}
