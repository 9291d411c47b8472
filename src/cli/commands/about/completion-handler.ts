/** Handler of `cnb completion`. */

import { join } from 'node:path'
import { CnbError } from '../../../base/errors.ts'
import { writeFileAtomically } from '../../../base/files.ts'
import type { Handler } from '../../command.ts'
import { completionScript, type Shell } from './completion-script.ts'

const EXTENSIONS: Readonly<Record<Shell, string>> = { bash: 'sh', fish: 'fish', powershell: 'ps1', zsh: 'zsh' }

export const runCompletion: Handler<{ shell?: Shell | undefined }> = async (printed, { shell = 'bash' }, { host, dialect }) => {
  if (printed !== '') {
    if (!Object.hasOwn(EXTENSIONS, printed)) throw new CnbError('CNB_USAGE', `cannot complete in the shell '${printed}'`, { hint: `Use one of: ${Object.keys(EXTENSIONS).join(', ')}.` })
    const script = completionScript(printed as Shell, dialect.program).trimEnd()
    return { data: { shell: printed, script }, line: script, text: () => script }
  }
  const { env, home } = host
  const directory = dialect.program === 'pack' ? env['PACK_HOME'] || join(home, '.pack') : env['CNB_HOME'] || join(home, '.cnb')
  const path = join(directory, `completion.${EXTENSIONS[shell]}`)
  try {
    await writeFileAtomically(path, completionScript(shell, dialect.program))
  } catch (error) {
    throw new CnbError('CNB_OUTPUT', `cannot write the completion script: ${(error as Error).message}`, { cause: error })
  }
  return { data: { shell, path }, line: path, text: () => path }
}
