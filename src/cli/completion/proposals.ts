/** Proposals for the next word of a command line: `cnb __complete`. */

import type { Host } from '../../operations/services.ts'
import { optionNames, type Dialect, type OptionDefinition } from '../command.ts'
import { optionsOf, readLine, subcommands, type TypedLine } from './typed-line.ts'

/** What may follow: words, or the names of files or directories, which the shell completes. */
type Proposals = readonly string[] | 'files' | 'directories'

/** An engine that takes longer has no proposals: a person waits for the shell. */
const LIMIT_MS = 1000
/** More are of no use to a person. */
const MAX_LINES = 1000
/** Characters that no shell changes. Other names, which only a hostile image has, are not proposed. */
const PLAIN = /^[\w@%+=:,./-]+$/

/**
 * Returns the lines for the shells' scripts: a proposal each, and last `:files`, `:directories` or `:end`. Never throws.
 * @param typed `+` and the incomplete word, because shells lose empty words; then the words before it
 */
export async function completeLine([current = '+', ...words]: readonly string[], dialect: Dialect, host: Host): Promise<string> {
  const prefix = current.slice(1)
  const proposals = await propose(prefix, words, dialect, host).catch(() => [])
  if (typeof proposals === 'string') return `:${proposals}\n`
  const fitting = [...new Set(proposals)].filter((word) => word.startsWith(prefix) && PLAIN.test(word)).slice(0, MAX_LINES)
  return [...fitting, ':end', ''].join('\n')
}

async function propose(prefix: string, words: readonly string[], dialect: Dialect, host: Host): Promise<Proposals> {
  const line = readLine(words, dialect)
  if (line.open) return valuesOf(line.open, line, dialect, host)
  if (line.ended || !prefix.startsWith('-')) {
    const below = line.args.length === 0 && !line.ended ? subcommands(line.name, dialect).filter(Boolean) : []
    if (line.command === undefined) return below
    const values = await argumentValues(line, host)
    return typeof values === 'string' ? (below.some((word) => word.startsWith(prefix)) ? below : values) : [...below, ...values]
  }
  const options = optionsOf(line.command, dialect)
  const [flag = '', ...value] = prefix.split('=')
  const valued = value.length === 0 ? undefined : options.find((option) => option.kind !== 'flag' && optionNames(option).includes(flag))
  if (!valued) return [...options.flatMap((option) => optionNames(option)), '--help']
  const values = await valuesOf(valued, line, dialect, host)
  return typeof values === 'string' ? values : values.map((each) => `${flag}=${each}`)
}

/** Kinds of resources by the option that names one. */
const KINDS: Readonly<Record<string, string>> = {
  '--builder': 'builder', '--cluster-builder': 'clusterbuilder', '--stack': 'clusterstack', '--store': 'clusterstore', '--service-account': 'serviceaccount',
}

/** Returns the values of an option, by the word for its value in help. */
async function valuesOf(option: OptionDefinition, line: TypedLine, dialect: Dialect, host: Host): Promise<Proposals> {
  if (option.kind === 'choice') return option.choices
  const long = optionNames(option).at(-1) ?? ''
  const [, word = ''] = /<([^>]+)>/.exec(option.flags) ?? []
  if (long === '--output' && word === 'format') return line.command?.formats ?? [...new Set(dialect.commands.flatMap(({ formats }) => formats))]
  switch (word) {
    case 'image':
      return long === '--builder' ? builders(host) : images(host)
    case 'type': {
      const [image] = line.args
      return image === undefined ? [] : (await import('../../operations/completion/engine-names.ts')).processTypes(image, host, LIMIT_MS)
    }
    case 'name': {
      const kind = KINDS[long]
      return kind === undefined ? [] : resources(kind, line, host)
    }
    case 'dir':
      return 'directories'
    case 'file':
    case 'path':
    case 'id':
      return 'files'
    default:
      return []
  }
}

/** Commands that have names of resources as their argument `name` or `image`. */
const NOUNS = new Set(['image', 'builder', 'clusterstack', 'clusterstore', 'clusterlifecycle', 'clusterbuilder', 'clusterbuildpack', 'secret'])

/** Returns the values of the next argument, by its word in help. */
async function argumentValues(line: TypedLine, host: Host): Promise<Proposals> {
  const { name, command, args } = line
  const { argument } = command ?? {}
  const position = args.length
  if (!argument || (position > 0 && !argument.several && !argument.second)) return []
  const [first = ''] = name.split(' ')
  const word = position > 0 && argument.second ? argument.second : argument.name
  if (name === 'logs') return resources('image', line, host)
  switch (word.replace(/^\[|\]$|\.\.\.$/g, '')) {
    case 'image':
    case 'images':
    case 'other':
      return name === 'builder inspect' ? builders(host) : images(host)
    case 'registry-or-image':
      return images(host)
    case 'builder':
      return builders(host)
    case 'kind':
    case 'kind-and-names':
      return kindsAndNames(line, host)
    case 'name':
      return NOUNS.has(first) ? resources(first, line, host) : []
    case 'key':
      return (await import('../../operations/config/config-keys.ts')).KEY_NAMES
    case 'value':
    case 'policy':
      return settingValues(name === 'config set' ? (args[0] ?? '') : name.split(' ').at(-1) ?? '', host)
    case 'action':
      return position === 0 ? ['list', 'add', 'remove'] : name === 'config trusted-builders' ? builders(host) : []
    case 'shell':
      return ['bash', 'fish', 'powershell', 'zsh']
    case 'buildpack':
    case 'extension':
      return 'files'
    default:
      return []
  }
}

async function settingValues(key: string, host: Host): Promise<Proposals> {
  const { CONFIG_KEYS } = await import('../../operations/config/config-keys.ts')
  const { form, choices = [] } = CONFIG_KEYS[key as keyof typeof CONFIG_KEYS]
  if (form === 'switch') return ['true', 'false']
  return key === 'default-builder-image' ? builders(host) : form === 'image' ? images(host) : choices
}

/** Returns kinds, then names of the kind. */
async function kindsAndNames(line: TypedLine, host: Host): Promise<string[]> {
  const [kind] = line.args
  if (kind === undefined) return (await import('../../operations/completion/resource-names.ts')).kindWords()
  return resources(kind, line, host)
}

async function images(host: Host): Promise<string[]> {
  return (await import('../../operations/completion/engine-names.ts')).imageNames(host, LIMIT_MS)
}

async function builders(host: Host): Promise<string[]> {
  return (await import('../../operations/completion/builder-names.ts')).builderNames(host, LIMIT_MS)
}

async function resources(kind: string, { values }: TypedLine, host: Host): Promise<string[]> {
  const place = { state: values.get('--state'), namespace: values.get('--namespace') ?? values.get('-n') }
  return (await import('../../operations/completion/resource-names.ts')).resourceNames(kind, place, host)
}
