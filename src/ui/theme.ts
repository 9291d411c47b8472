/** Text styles, and the decision whether a stream is colored. The only file that imports chalk. */

import { Chalk } from 'chalk'

export type ColorChoice = 'auto' | 'always' | 'never'

/** Inputs to the color decision besides the flags. */
export interface ColorEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isTTY: boolean
}

/** The styles that `cnb` uses; without color they return the text unchanged, except `name`, which quotes it. */
export interface Theme {
  readonly colored: boolean
  /** The screen's width in columns; undefined if lines may have any length. */
  readonly width?: number
  bold(text: string): string
  dim(text: string): string
  /** A name chosen by the user or an image. */
  name(text: string): string
  heading(text: string): string
  success(text: string): string
  warning(text: string): string
  error(text: string): string
}

const set = (value: string | undefined): value is string => value !== undefined && value !== ''
const truthy = (value: string | undefined): boolean => set(value) && value !== '0' && value.toLowerCase() !== 'false'

/**
 * Whether a stream is colored. In order: flag, NO_COLOR (no-color.org) or CNB_NO_COLOR, FORCE_COLOR, TERM=dumb, GitHub's log
 * (not a terminal, but it shows colors), and whether the stream is a terminal. chalk's detection is unused: it ignores NO_COLOR.
 */
export function usesColor(choice: ColorChoice, { env, isTTY }: ColorEnvironment): boolean {
  if (choice !== 'auto') return choice === 'always'
  if (set(env['NO_COLOR']) || truthy(env['CNB_NO_COLOR'])) return false
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] === '' || truthy(env['FORCE_COLOR'])
  if (env['TERM'] === 'dumb') return false
  if (env['GITHUB_ACTIONS'] === 'true') return true
  return isTTY
}

export function makeTheme(colored: boolean, width?: number): Theme {
  const chalk = new Chalk({ level: colored ? 1 : 0 })
  return {
    colored,
    ...(width === undefined ? {} : { width }),
    bold: (text) => chalk.bold(text),
    dim: (text) => chalk.dim(text),
    name: (text) => (colored ? chalk.cyan(text) : `'${text}'`),
    heading: (text) => chalk.bold.cyan(text),
    success: (text) => chalk.bold.green(text),
    warning: (text) => chalk.bold.yellow(text),
    error: (text) => chalk.bold.red(text),
  }
}
