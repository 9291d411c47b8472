/** Handler of `cnb sbom diff`. */

import { counted } from '../../../base/counted.ts'
import { diffSboms, type DiffSbomOptions, type SbomDiff } from '../../../operations/sbom/diff-sbom.ts'
import type { HandlerOfSeveral } from '../../command.ts'
import { DIFFERENT, distinctExit } from '../diff/exit-code.ts'
import { sectionsMarkdown } from '../diff/diff-markdown.ts'
import { section, type Section } from '../diff/diff-sections.ts'
import { sectionsText } from '../diff/diff-text.ts'

type Values = Omit<DiffSbomOptions, 'from' | 'to'> & { readonly exitCode?: boolean }

export const runDiffSbom: HandlerOfSeveral<Values> = async ([from = '', to = ''], { exitCode, ...options }, session) => {
  const diff = await diffSboms({ from, to, ...options }, session, session.context).catch((error: unknown) => {
    throw exitCode ? distinctExit(error) : error
  })
  const line = headline(diff)
  const isEqual = diff.packages.length + diff.licenses.length === 0
  const sections: Section[] = [section('Packages', diff.packages, (version) => version), section('Licences', diff.licenses, (texts) => texts.join(', '))].filter(({ differences }) => differences.length > 0)
  return {
    data: diff,
    line,
    text: (theme) => (session.output === 'markdown' ? [line, ...sectionsMarkdown(sections)] : [theme[isEqual ? 'success' : 'warning'](line), ...sectionsText(sections, theme)]).join('\n'),
    ...(exitCode && !isEqual ? { exit: DIFFERENT } : {}),
  }
}

function headline({ packages, licenses }: SbomDiff): string {
  const counts = (['added', 'removed', 'changed'] as const).flatMap((kind) => {
    const count = packages.filter(({ change }) => change === kind).length
    return count === 0 ? [] : [`${count} ${kind}`]
  })
  if (counts.length === 0 && licenses.length === 0) return 'same packages and licences'
  return [`packages: ${counts.join(', ') || 'the same'}`, ...(licenses.length > 0 ? [`${counted(licenses.length, 'package')} with other licences`] : [])].join('; ')
}
