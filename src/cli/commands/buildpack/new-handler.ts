/** Handlers of `cnb buildpack new` and `cnb extension new`. */

import { relative } from 'node:path'
import { newModule, type NewModuleOptions } from '../../../operations/packages/new/new-module.ts'
import { formatFields } from '../../../ui/fields.ts'
import { shellWord } from '../../../ui/shell-word.ts'
import type { Outcome } from '../../../ui/reporter.ts'
import type { CommandContext, Handler } from '../../command.ts'

export const runNewBuildpack: Handler<Omit<NewModuleOptions, 'id' | 'kind'>> = (id, values, session) => createModule({ id, kind: 'buildpack', ...values }, session)

export const runNewExtension: Handler<Pick<NewModuleOptions, 'api' | 'path' | 'version'>> = (id, values, session) => createModule({ id, kind: 'extension', ...values }, session)

async function createModule(options: NewModuleOptions, { host, context }: CommandContext): Promise<Outcome> {
  const result = await newModule(options, host, context)
  const shown = relative(host.cwd, result.path) || result.path
  return {
    data: result,
    line: result.path,
    text: (theme) =>
      [
        `${theme.success(`Created ${options.kind}`)} ${theme.name(result.id)}`,
        ...formatFields([['Directory', shown], ['Version', result.version], ['Files', result.files.join(', ')]], theme),
        `${theme.dim('How to test and use it:')} ${theme.bold(`cat ${shellWord(`${shown}/README.md`)}`)}`,
      ].join('\n'),
  }
}
