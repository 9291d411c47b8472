/** pack's lines about a command's success, which scripts search for (pack, internal/commands). */

import type { Outcome } from '../../ui/reporter.ts'
import type { Theme } from '../../ui/theme.ts'

/** The fields of the commands' results that the lines contain. */
interface Result {
  readonly id?: string
  readonly reference?: string
  readonly places?: readonly string[]
  readonly files?: readonly unknown[]
  readonly published?: boolean
}

/** @param given the command's arguments; the first is the name */
type Line = (name: string, result: Result, theme: Theme, given: readonly string[]) => string[]

const LINES: Readonly<Record<string, Line>> = {
  build: (name, _, theme) => [`Successfully built image ${theme.name(name)}`],
  rebase: (name, { reference = '' }, theme) => [`Rebased Image: ${theme.name(reference.replace(/^.*@/, ''))}`, `Successfully rebased image ${theme.name(name)}`],
  'builder create': (name, _, theme) => [
    `Successfully created builder image ${theme.name(name)}`,
    `Tip: Run ${theme.name(`pack build <image-name> --builder ${name}`)} to use this builder`,
  ],
  'buildpack new': (name, _, theme) => [`Successfully created ${theme.name(name)}`],
  'buildpack pull': (name, _, theme) => [`Successfully pulled ${theme.name(name)}`],
  'buildpack package': packaged,
  'extension package': packaged,
  'manifest create': (name, { reference }, theme) => (reference === undefined ? [`Successfully created manifest list ${theme.name(name)}`] : pushed(name, theme)),
  'manifest add': (_, _result, theme, given) => [`Successfully added image ${theme.name(given[1] ?? '')} to index`],
  'manifest annotate': (name, _, theme, given) => [`Successfully annotated image ${theme.name(given[1] ?? '')} in index ${theme.name(name)}`],
  'manifest push': (name, _, theme) => pushed(name, theme),
  'manifest rm': (name) => [`Successfully removed image(s) from index: '${name}'`],
  'manifest remove': () => ['Successfully deleted manifest list(s) from local storage'],
  'sbom download': () => [],
}

function pushed(name: string, theme: Theme): string[] {
  return [`Successfully pushed manifest list ${theme.name(name)} to registry`]
}

function packaged(name: string, { places = [] }: Result, theme: Theme): string[] {
  const [action, place] = places.includes('registry') ? ['published', 'registry'] : ['created', places.includes('file') ? 'file' : 'docker daemon']
  return [`Successfully ${action} package ${theme.name(name)} and saved to ${place}`]
}

/** Returns an outcome with pack's text. `--quiet` prints nothing but the image of a build: its name without the tag, and its digest. */
export function packResult(command: string, given: readonly string[], outcome: Outcome): Outcome {
  const lines = LINES[command]
  if (!lines) return { ...outcome, line: '' }
  const [name = ''] = given
  const result = outcome.data as Result
  const digest = /sha256:[0-9a-f]{64}$/.exec(result.id ?? '')?.[0] ?? ''
  return {
    ...outcome,
    line: command === 'build' ? `${name.replace(/:[^:/]*$/, '')}@${digest}` : '',
    text: (theme) => lines(name, result, theme, given).join('\n'),
  }
}
