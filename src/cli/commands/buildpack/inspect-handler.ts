/** Handlers of `cnb buildpack inspect` and `cnb extension inspect`. */

import { inspectPackage, type InspectPackageOptions } from '../../../operations/packages/inspect-package.ts'
import type { Outcome } from '../../../ui/reporter.ts'
import type { CommandContext, Handler } from '../../command.ts'
import { packageText } from './inspect-text.ts'

type Values = Omit<InspectPackageOptions, 'name' | 'kind'>

export const runInspectBuildpack: Handler<Values> = (name, values, session) => show({ name, kind: 'buildpack', ...values }, session)

export const runInspectExtension: Handler<Omit<Values, 'depth' | 'buildpackRegistry'>> = (name, values, session) => show({ name, kind: 'extension', ...values }, session)

async function show(options: InspectPackageOptions, session: CommandContext): Promise<Outcome> {
  const inspection = await inspectPackage(options, session, session.context)
  const { id, version } = inspection.main
  return { data: inspection, line: inspection.id ?? `${id}@${version}`, text: (theme) => packageText(inspection, options.kind, theme) }
}
