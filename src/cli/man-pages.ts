/** The man pages, from the definitions of the commands. cnb does not load this file. */

import { VERSION } from '../base/version.ts'
import { either, formatArgument, type CommandDefinition, type OptionDefinition } from './command.ts'
import { CNB, COMMANDS } from './command-list.ts'

/** Returns the pages by the name of the file: `cnb.1`, `cnb-build.1`. */
export function manPages(): Map<string, string> {
  const pages = COMMANDS.map((command) => [`${pageName(command)}.1`, commandPage(command)] as const)
  return new Map([['cnb.1', programPage()], ...pages])
}

function pageName({ name }: CommandDefinition): string {
  return `cnb-${name.replaceAll(' ', '-')}`
}

function programPage(): string {
  return page('cnb', 'turn source code into container images with Cloud Native Buildpacks', [
    '.SH SYNOPSIS',
    '.B cnb',
    '.I command',
    roff('[options]'),
    '.SH COMMANDS',
    ...COMMANDS.flatMap((command) => ['.TP', bold(pageName(command)) + '(1)', roff(command.summary)]),
    ...optionLines([CNB.globals]),
    '.SH SEE ALSO',
    roff('https://github.com/buildpacks/spec'),
  ])
}

function commandPage(command: CommandDefinition): string {
  const { name, summary, description, argument, groups, examples, formats } = command
  const line = argument === undefined ? '' : ` ${formatArgument(argument)}`
  return page(pageName(command), summary, [
    '.SH SYNOPSIS',
    `.B ${roff(`cnb ${name}`)}`,
    roff(`[options]${line}`),
    '.SH DESCRIPTION',
    roff(description),
    ...(argument === undefined ? [] : ['.SH ARGUMENTS', '.TP', bold(formatArgument(argument)), roff(argument.description)]),
    ...optionLines(groups),
    '.SH OUTPUT',
    roff(`With --output: ${either(formats)}. Other options of all commands are in cnb(1).`),
    '.SH EXAMPLES',
    ...examples.flatMap((example) => [...(example === examples[0] ? [] : ['.PP']), roff(`${example.does}:`), '.RS 4', '.EX', roff(example.line), '.EE', '.RE']),
    '.SH SEE ALSO',
    '.BR cnb (1)',
  ])
}

/** A page has no date: the same source makes the same page. */
function page(name: string, summary: string, lines: readonly string[]): string {
  const title = `.TH ${name.toUpperCase()} 1 "" "${roff(`cnb ${VERSION}`)}" "${roff('Cloud Native Buildpacks')}"`
  return `${[title, '.SH NAME', `${roff(name)} \\- ${roff(summary)}`, ...lines].join('\n')}\n`
}

function optionLines(groups: CommandDefinition['groups']): string[] {
  const all = groups.flatMap(({ title, options }) => [
    ...(groups.length > 1 ? [`.SS ${roff(title.replace(/:$/, ''))}`] : []),
    ...Object.values(options).flatMap((option) => ['.TP', flagsText(option), roff(optionText(option))]),
  ])
  return all.length === 0 ? [] : ['.SH OPTIONS', ...all]
}

function flagsText({ flags }: OptionDefinition): string {
  return flags.split(/(<[^>]+>)/).map((part) => (part.startsWith('<') ? `\\fI${roff(part)}\\fR` : bold(part))).join('')
}

function optionText(option: OptionDefinition): string {
  if (option.kind !== 'choice') return option.description
  return `${option.description}: ${either(option.choices)} (default: ${'default' in option ? option.default : option.defaultIs})`
}

function bold(text: string): string {
  return text === '' ? '' : `\\fB${roff(text)}\\fR`
}

/** Characters that typesetters change, and their names: commands must be copied from a page as they are. */
const NAMES: Readonly<Record<string, string>> = { '\\': '\\(rs', '-': '\\-', "'": '\\(aq', '`': '\\(ga', '^': '\\(ha', '~': '\\(ti', '"': '\\(dq' }

/** Writes one line of text for roff. */
function roff(text: string): string {
  const escaped = text.replaceAll(/\s+/g, ' ').replaceAll(/[\\\-'`^~"]|[^\x20-\x7e]/gu, (character) => NAMES[character] ?? `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`)
  return escaped.startsWith('.') ? `\\&${escaped}` : escaped
}
