/** What surrounds a phase's output: a header in a terminal, a folding group in GitHub's log. */

import { randomUUID } from 'node:crypto'

export interface PhaseSections {
  /** The lines before a phase's output; `title` is plain text. */
  open(title: string): string[]
  /** The lines after it. */
  close(): string[]
  /** A line of ours that stands out; undefined where the theme's look is enough. */
  warning(message: string): string | undefined
}

/** @param heading how a header looks */
export function plainFraming(heading: (text: string) => string): PhaseSections {
  return { open: (title) => [heading(`===> ${title}`)], close: () => [], warning: () => undefined }
}

/** A value as a workflow command takes it (the rules of GitHub's toolkit). */
export function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

/** The same for a command's property. */
export function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

/**
 * GitHub Actions: each phase is a group that folds. A buildpack could write workflow commands of its own (`::add-path::`),
 * so that commands are off while its output passes; only the random token, unknown to it, puts them on again.
 */
export function githubFraming(newToken: () => string = randomUUID): PhaseSections {
  let token = ''
  return {
    open(title) {
      token = newToken()
      return [`::group::${escapeData(title)}`, `::stop-commands::${token}`]
    },
    close: () => [`::${token}::`, '::endgroup::'],
    warning: (message) => `::warning title=cnb::${escapeData(message)}`,
  }
}
