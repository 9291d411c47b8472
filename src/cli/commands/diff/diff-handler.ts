/** Handler of `cnb diff`. */

import { CnbError } from '../../../base/errors.ts'
import { diffImages, type DiffOptions } from '../../../operations/diff/diff.ts'
import type { HandlerOfSeveral } from '../../command.ts'
import { diffMarkdown } from './diff-markdown.ts'
import { diffText } from './diff-text.ts'
import { headline, sectionsOf } from './diff-sections.ts'

type Values = Omit<DiffOptions, 'from' | 'to'> & { readonly exitCode?: boolean }

/** Exit codes of diff(1), and of `git diff --exit-code` for differences. */
const DIFFERENT = 1
const TROUBLE = 2

export const runDiff: HandlerOfSeveral<Values> = async ([from = '', to = ''], { exitCode, ...options }, session) => {
  const { context, output } = session
  const diff = await diffImages({ from, to, ...options }, session, context).catch((error: unknown) => {
    throw exitCode ? distinct(error) : error
  })
  const sections = sectionsOf(diff)
  return {
    data: diff,
    line: headline(diff),
    text: (theme) => (output === 'markdown' ? diffMarkdown(diff, sections) : diffText(diff, sections, theme)),
    ...(exitCode && !diff.identical ? { exit: DIFFERENT } : {}),
  }
}

/** With --exit-code, 1 means that the images differ, and nothing else. */
function distinct(error: unknown): unknown {
  if (!(error instanceof CnbError) || error.exit !== DIFFERENT) return error
  const { code, message, hint } = error
  return new CnbError(code, message, { hint, exit: TROUBLE, cause: error })
}
