/** Selects the reporter for the flags and the terminal. */

import { Heartbeat, TerminalDisplay, type LiveDisplay, type DisplayClock } from './live/live-display.ts'
import { githubSections, plainSections } from './phase-sections.ts'
import type { Reporter } from './reporter.ts'
import { GithubReporter } from './reporters/github.ts'
import { HumanReporter } from './reporters/human.ts'
import { JsonReporter, type Stringify } from './reporters/json.ts'
import { NdjsonReporter } from './reporters/ndjson.ts'
import { QuietReporter } from './reporters/quiet.ts'
import { makeSpinner } from './live/spinner.ts'
import { ProgressLog } from './progress-log.ts'
import type { Terminal } from './terminal.ts'
import { schedule } from './live/timer.ts'

export interface ReporterOptions {
  readonly terminal: Terminal
  /** `human`, `ndjson`, or the function that writes the single document on stdout. */
  readonly format: 'human' | 'ndjson' | Stringify
  readonly quiet: boolean
  readonly verbose: boolean
  /** Whether decisions are printed on stderr. */
  readonly explain?: boolean
  /** Whether stderr is a log of GitHub Actions. */
  readonly github: boolean
}

const clock: DisplayClock = { now: () => performance.now(), schedule }

export async function makeReporter(options: ReporterOptions): Promise<Reporter> {
  const { terminal, format, quiet, verbose, explain, github } = options
  if (format === 'ndjson') return new NdjsonReporter(terminal, verbose)
  if (format !== 'human') return new JsonReporter(terminal, format, verbose ? await makeProgressLog(options) : undefined, explain)
  if (quiet) return new QuietReporter(terminal, verbose, explain)
  const human = new HumanReporter(terminal, await makeProgressLog(options), verbose)
  return github ? new GithubReporter(terminal, human) : human
}

async function makeProgressLog({ terminal, verbose, explain, github }: ReporterOptions): Promise<ProgressLog> {
  const theme = terminal.err
  const activity: LiveDisplay = terminal.animated
    ? new TerminalDisplay(terminal, await makeSpinner(terminal.stderr, theme.colored), clock)
    : new Heartbeat((line) => terminal.tell(theme.dim(`     ${line}`)), clock)
  return new ProgressLog({ terminal, activity, verbose, explain, sections: github ? githubSections() : plainSections((text) => terminal.stamped(theme.heading(text))) })
}
