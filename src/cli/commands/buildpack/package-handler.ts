/** Handlers of `cnb buildpack package` and `cnb extension package`. */

import { packageModule } from '../../../operations/packages/package-buildpack.ts'
import type { PackageOptions, PackageResult } from '../../../operations/packages/package-options.ts'
import { formatFields } from '../../../ui/fields.ts'
import { formatDuration } from '../../../ui/quantity.ts'
import type { Outcome } from '../../../ui/reporter.ts'
import { shellWord } from '../../../ui/shell-word.ts'
import type { Theme } from '../../../ui/theme.ts'
import type { CommandContext, Handler } from '../../command.ts'

type Values = Omit<PackageOptions, 'name' | 'kind'>

export const runPackageBuildpack: Handler<Values> = (name, values, session) => create({ name, kind: 'buildpack', ...values }, session)

export const runPackageExtension: Handler<Omit<Values, 'flatten' | 'flattenExclude'>> = (name, values, session) => create({ name, kind: 'extension', ...values }, session)

async function create(options: PackageOptions, session: CommandContext): Promise<Outcome> {
  const result = await packageModule(options, session, session.context)
  const files = result.images.flatMap(({ path }) => path ?? [])
  return {
    data: result,
    line: files.length > 0 ? files.join('\n') : result.reference,
    text: (theme) => packageText(result, files, options.kind, theme),
  }
}

function packageText(result: PackageResult, files: readonly string[], kind: PackageOptions['kind'], theme: Theme): string {
  const { id, version, images, modules, durationMs, places } = result
  const others = modules.filter((module) => module.id !== id || module.version !== version).map((module) => `${module.id}@${module.version}`)
  const published = places.includes('registry')
  return [
    `${theme.success(published ? 'Published package' : 'Created package')} ${theme.name(result.package)} in ${formatDuration(durationMs)}`,
    ...formatFields(
      [
        [kind === 'buildpack' ? 'Buildpack' : 'Extension', `${id}@${version}`],
        ['Contains', others.join(', ') || undefined],
        ['Targets', images.map(({ target }) => target).join('; ')],
        ['Files', files.length > 1 ? files.join(', ') : undefined],
        ['Image', files.length > 0 ? undefined : result.reference],
        ['Also named', result.tags.join(', ') || undefined],
      ],
      theme,
    ),
    ...useText(result, files, kind, theme),
  ].join('\n')
}

/** Returns the line with a build that uses the package; none for a package in a layout, which a build does not read. */
function useText({ package: name, places }: PackageResult, [file]: readonly string[], kind: PackageOptions['kind'], theme: Theme): string[] {
  if (file === undefined && !places.some((place) => place === 'engine' || place === 'registry')) return []
  const locator = shellWord(file ?? `docker://${name}`)
  return [`${theme.dim('Use it:')} ${theme.bold(kind === 'buildpack' ? `cnb build my-app --buildpack ${locator}` : `cnb build my-app --extension ${locator}`)}`]
}
