/** The frame of a phase's output: a header on a terminal, a collapsible group in a GitHub log. */

import { randomUUID } from 'node:crypto'

export interface PhaseSections {
  /** Returns the lines before a phase's output; `title` is plain text. */
  open(title: string): string[]
  /** Returns the lines after it. */
  close(): string[]
  /** Returns a warning as a highlighted line; undefined if the theme's style is enough. */
  warning(message: string): string | undefined
}

/** @param heading styles a header */
export function plainSections(heading: (text: string) => string): PhaseSections {
  return { open: (title) => [heading(`===> ${title}`)], close: () => [], warning: () => undefined }
}

/** Escapes the data of a workflow command, by the rules of GitHub's toolkit. */
export function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

/** Escapes a property of a workflow command. */
export function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

/**
 * GitHub Actions: each phase is a collapsible group. A buildpack could print workflow commands (`::add-path::`), so commands are
 * disabled during its output; only a random token, unknown to the buildpack, enables them again.
 */
export function githubSections(newToken: () => string = randomUUID): PhaseSections {
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
