/** Handler of `cnb diff`. */

import { diffImages, type DiffOptions } from '../../../operations/diff/diff.ts'
import type { HandlerOfSeveral } from '../../command.ts'
import { diffMarkdown } from './diff-markdown.ts'
import { diffText } from './diff-text.ts'
import { headline, sectionsOf } from './diff-sections.ts'
import { DIFFERENT, distinctExit } from './exit-code.ts'

type Values = Omit<DiffOptions, 'from' | 'to'> & { readonly exitCode?: boolean }

export const runDiff: HandlerOfSeveral<Values> = async ([from = '', to = ''], { exitCode, ...options }, session) => {
  const { context, output } = session
  const diff = await diffImages({ from, to, ...options }, session, context).catch((error: unknown) => {
    throw exitCode ? distinctExit(error) : error
  })
  const sections = sectionsOf(diff)
  return {
    data: diff,
    line: headline(diff),
    text: (theme) => (output === 'markdown' ? diffMarkdown(diff, sections) : diffText(diff, sections, theme)),
    ...(exitCode && !diff.identical ? { exit: DIFFERENT } : {}),
  }
}
