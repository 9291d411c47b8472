/** Handler of `cnb buildpack pull`. */

import { pullPackage, type PullPackageOptions } from '../../../operations/packages/pull-package.ts'
import { formatFields } from '../../../ui/fields.ts'
import type { Handler } from '../../command.ts'

export const runPullBuildpack: Handler<Omit<PullPackageOptions, 'name'>> = async (name, values, { context, services }) => {
  const result = await pullPackage({ name, ...values }, await services(), context)
  return {
    data: result,
    line: result.reference,
    text: (theme) =>
      [
        `${theme.success('Pulled package')} ${theme.name(result.package)}`,
        ...formatFields([['Buildpack', `${result.id}@${result.version}`], ['Image', result.reference]], theme),
      ].join('\n'),
  }
}
