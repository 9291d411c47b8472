/** docs/pack.md: each command and option of pack in cnb. */

import { packTable, type PackEntry } from '../pack/pack-table.ts'
import { NOTE, table } from './generated.ts'

export function packReference(): string {
  const entries = packTable()
  const commands = entries.filter(({ flag }) => flag === undefined)
  const rows = commands.map((command) => {
    const options = entries.filter((entry) => entry.command === command.command && entry.flag !== undefined)
    return [command.command === '' ? '(all commands)' : `\`${command.command}\``, inCnb(command), named(options, 'works'), [...explained(options, 'no meaning'), ...explained(options, 'refused')].join('<br>')]
  })
  const count = (outcome: PackEntry['outcome']): string => String(entries.filter((entry) => entry.outcome === outcome).length)
  return `# From pack to cnb

${NOTE}

Every command and option of \`pack\` 0.40.5 that has a meaning in \`cnb\` has its name. An option without a meaning is accepted: \`cnb\`
prints one line on stderr and ignores it. The table compares the help of \`pack\`, hidden and deprecated commands included, with
the commands and options of \`cnb\`: ${count('works')} commands and options work, ${count('no meaning')} have no meaning, ${count('refused')} are refused with a hint.

## As pack

With a link named \`pack\`, or as \`cnb pack …\`, \`cnb\` takes the command line of \`pack\` unchanged:

\`\`\`sh
ln -s "$(command -v cnb)" ~/.local/bin/pack
pack build my-app --builder my-builder --env=NODE_ENV=test --publish=false
\`\`\`

- Progress, warnings and results are on stdout, errors on stderr: \`===> DETECTING\`, \`Successfully built image 'my-app'\`,
  \`Successfully rebased image …\`, \`Successfully created builder image …\`. \`build -q\` prints \`name@sha256:…\`.
- \`inspect\` and \`builder inspect\` show the image in its registry and on the engine, and \`-o json\`, \`yaml\` and \`toml\` have the keys of
  \`pack\`. The text is \`pack\`'s too. A registry that does not respond is a warning if the engine has the image; \`pack\` fails.
- The exit code is 0, 1, or 2 without a builder.
- Of several \`--pre-buildpack\`, or of several below \`[io.buildpacks.pre]\` in project.toml, the last one comes first, because \`pack\`
  prepends one after the other. \`cnb build\` keeps their order.
- \`build oci:DIR[:TAG]\` saves to the OCI layout DIR; the image has the directory's name. The run image's layers are in it too, unless
  \`--sparse\` is given, so \`layout-repo-dir\` in the configuration file is not used: \`pack\` keeps the run image there. To save images
  by their names below a directory, and to read them there: \`--to layout-repo:DIR\`.
- The configuration file is that of \`pack\`: \`$PACK_HOME/config.toml\`, by default in \`~/.pack\`.

The options of \`cnb\` that \`pack\` does not have work too, except \`-o\`, which means the same as for \`pack\`.

## All commands and options

${table(['command of pack', 'in cnb', 'options that work', 'other options'], rows)}
`
}

function inCnb({ outcome, note }: PackEntry): string {
  if (outcome === 'works') return note === '' ? 'works' : `works, ${note.replace(/^as (.*)$/, 'as `$1`')}`
  return `${outcome}: ${short(note)}`
}

function named(options: readonly PackEntry[], outcome: PackEntry['outcome']): string {
  return options.filter((option) => option.outcome === outcome).map(({ flag = '' }) => `\`${nameOf(flag)}\``).join(' ')
}

function explained(options: readonly PackEntry[], outcome: PackEntry['outcome']): string[] {
  return options.filter((option) => option.outcome === outcome).map(({ flag = '', note }) => `\`${nameOf(flag)}\`: ${outcome}, ${short(note)}`)
}

function nameOf(flag: string): string {
  return /--[\w-]+/.exec(flag)?.[0] ?? ''
}

/** Leaves out the general hint on usage. */
function short(note: string): string {
  return note.replace(/ Run '[^']*' for usage\.$/, '')
}
