/** Handler of `cnb sbom show`. */

import { showSbom, type ShowSbomOptions } from '../../../operations/sbom/show-sbom.ts'
import type { Handler } from '../../command.ts'
import { headline, shownSbomMarkdown, shownSbomText } from './show-text.ts'

/** The exit code if a package breaks a rule. */
const BROKEN = 4

export const runShowSbom: Handler<Omit<ShowSbomOptions, 'image'>> = async (image, values, session) => {
  const shown = await showSbom({ image, ...values }, session, session.context)
  return {
    data: shown,
    line: headline(shown),
    text: (theme) => (session.output === 'markdown' ? shownSbomMarkdown(shown) : shownSbomText(shown, theme)),
    ...(shown.hits.length > 0 ? { exit: BROKEN } : {}),
  }
}
