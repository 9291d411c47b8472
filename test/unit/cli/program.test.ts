import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CNB, COMMANDS, PARENTS } from '../../../src/cli/command-list.ts'
import type { OptionGroup } from '../../../src/cli/command.ts'
import { parseCommandLine, type Parsed } from '../../../src/cli/program.ts'

function run(line: string): Extract<Parsed, { kind: 'run' }> {
  const parsed = parseCommandLine(line.split(' '))
  if (parsed.kind !== 'run') throw new Error(parsed.kind === 'wrong' ? parsed.error.message : parsed.text)
  return parsed
}

/** Returns the defined values only. */
function given(line: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(run(line).values).filter(([, value]) => value !== undefined))
}

function wrong(line: string): { message: string; hint: string } {
  const parsed = parseCommandLine(line.split(' '))
  if (parsed.kind !== 'wrong') throw new Error(`'${line}' was taken`)
  expect(parsed.error).toMatchObject({ code: 'CNB_USAGE', exit: 2 })
  return { message: parsed.error.message, hint: parsed.error.hint ?? '' }
}

function printed(...argv: string[]): string {
  const parsed = parseCommandLine(argv)
  if (parsed.kind !== 'print') throw new Error(parsed.kind)
  return parsed.text
}

describe('a command line', () => {
  it('has no default for the pull policy, which the configuration file may set', () => {
    expect(given('rebase app')['pullPolicy']).toBeUndefined()
    expect(given('build app')['lifecycle']).toBe('native')
    expect(printed('rebase', '--help').replace(/\s+/g, ' ')).toContain("always, if-not-present or never (default: the configuration file's, otherwise always)")
  })

  it('sets every option of build', () => {
    const line =
      'build app -p dir -B b -e A=1 -e B=1,2 --env-file e -t x,y -t z --run-image r -b one,two@1 -b three -D worker --network host ' +
      '--volume /a:/b --pull-policy never --clear-cache --trust-builder --creation-time now --previous-image old --sbom-output-dir s ' +
      '--report-output-dir o --ca-cert ca.pem --ca-cert cb.pem -d p.toml --docker-host inherit --platform linux/arm64 ' +
      '--lifecycle stock --memory 2g --cpus 1.5 --pids-limit 99 --cache type=build;format=volume;name=c'
    expect(run(line)).toMatchObject({ given: ['app'], definition: { name: 'build' } })
    expect(given(line)).toEqual({
      path: 'dir',
      builder: 'b',
      env: ['A=1', 'B=1,2'],
      envFiles: ['e'],
      tags: ['x', 'y', 'z'],
      runImage: 'r',
      buildpacks: ['one', 'two@1', 'three'],
      defaultProcess: 'worker',
      network: 'host',
      volumes: ['/a:/b'],
      pullPolicy: 'never',
      clearCache: true,
      trustBuilder: true,
      creationTime: 'now',
      previousImage: 'old',
      sbomOutputDir: 's',
      reportOutputDir: 'o',
      caCerts: ['ca.pem', 'cb.pem'],
      descriptor: 'p.toml',
      dockerHost: 'inherit',
      platforms: ['linux/arm64'],
      lifecycle: 'stock',
      memory: '2g',
      cpus: '1.5',
      pidsLimit: 99,
      cache: ['type=build;format=volume;name=c'],
    })
  })

  it('never consumes an argument as a second value of an option', () => {
    expect(run('build --tag a app').given).toEqual(['app'])
    expect(run('build -e A=1 -b x app').given).toEqual(['app'])
  })

  it('recognizes subcommands', () => {
    expect(run('builder create b -c builder.toml -l a=b').definition.name).toBe('builder create')
    expect(given('builder inspect b --depth 2')).toEqual({ depth: 2 })
  })

  it.each(['-q -v -o json --no-color build app', 'build -q -v -o json --no-color app', 'build app -q -v -o json --color never'])(
    'accepts global options in any position: %s',
    (line) => {
      expect(run(line).globals).toEqual({ output: 'json', quiet: true, verbose: true, explain: false, color: 'never', timestamps: false })
    },
  )

  it('returns defaults for global options', () => {
    expect(run('inspect app').globals).toEqual({ output: 'human', quiet: false, verbose: false, explain: false, color: 'auto', timestamps: false })
  })

  it('reads words after -- as arguments', () => {
    expect(run('inspect -- -odd').given).toEqual(['-odd'])
  })

  it('throws only CnbErrors for any words', () => {
    const known = ['build', 'builder', 'create', 'help', '--help', '-h', 'nosuch', '-e', '--output', 'json', '--', '-c', '--depth', '--no-color', '--version']
    const word = fc.oneof(fc.constantFrom(...known), fc.string())
    fc.assert(fc.property(fc.array(word, { maxLength: 8 }), (argv) => ['print', 'run', 'wrong'].includes(parseCommandLine(argv).kind)))
  })
})

describe('an invalid command line', () => {
  it.each([
    ['buidl app', "unknown command 'buidl'", "Did you mean build? Run 'cnb --help' for usage."],
    ['build app --pth x', "unknown option '--pth'", "Did you mean --path? Run 'cnb build --help' for usage."],
    ['build', "missing required argument 'image'", "Run 'cnb build --help' for usage."],
    ['build a b', "too many arguments for 'build'. Expected 1 argument but got 2.", "Run 'cnb build --help' for usage."],
    ['builder create b', "required option '-c, --config <file>' not specified", "Run 'cnb builder create --help' for usage."],
    [
      'build a --pull-policy daily',
      "option '--pull-policy <policy>' argument 'daily' is invalid. Allowed choices are always, if-not-present, never.",
      "Run 'cnb build --help' for usage.",
    ],
    ['inspect a -o ndjson', "'cnb inspect' does not support output format 'ndjson'", 'Use one of human, json, yaml, toml.'],
    ['build a -o yaml', "'cnb build' does not support output format 'yaml'", 'Use one of human, json, ndjson.'],
  ])('reports the error and a hint for %s', (line, message, hint) => {
    expect(wrong(line)).toEqual({ message, hint })
  })

  it.each([
    'build a --color maybe',
    'build a --env',
    'builder inspect b --depth -1',
    'builder inspect b --depth two',
    'builder foo',
  ])('reports an error for %s', (line) => {
    expect(wrong(line).message).not.toMatch(/^error:/)
  })

  it('keeps the selected output format for the error', () => {
    expect(parseCommandLine(['-o', 'json', 'build'])).toMatchObject({ kind: 'wrong', globals: { output: 'json' } })
    expect(parseCommandLine(['build', '-o', 'json', '--nonsense'])).toMatchObject({ kind: 'wrong', globals: { output: 'json' } })
  })
})

describe('an unknown command', () => {
  it.each([
    ['nosuch --help', "unknown command 'nosuch'", "Run 'cnb --help' for usage."],
    ['nosuch -h', "unknown command 'nosuch'", "Run 'cnb --help' for usage."],
    ['--help nosuch', "unknown command 'nosuch'", "Run 'cnb --help' for usage."],
    ['help nosuch', "unknown command 'nosuch'", "Run 'cnb --help' for usage."],
    ['buidl --help', "unknown command 'buidl'", "Did you mean build? Run 'cnb --help' for usage."],
    ['buidl app --path x --help', "unknown command 'buidl'", "Did you mean build? Run 'cnb --help' for usage."],
    ['-q -o json buidl --help', "unknown command 'buidl'", "Did you mean build? Run 'cnb --help' for usage."],
    ['help buidl', "unknown command 'buidl'", "Did you mean build? Run 'cnb --help' for usage."],
    ['builder nosuch', "unknown command 'nosuch'", "Run 'cnb builder --help' for usage."],
    ['builder nosuch --help', "unknown command 'nosuch'", "Run 'cnb builder --help' for usage."],
    ['builder --help nosuch', "unknown command 'nosuch'", "Run 'cnb builder --help' for usage."],
    ['builder help craete', "unknown command 'craete'", "Did you mean create? Run 'cnb builder --help' for usage."],
    ['help builder craete', "unknown command 'craete'", "Did you mean create? Run 'cnb builder --help' for usage."],
    ['sbom downlaod -h', "unknown command 'downlaod'", "Did you mean download? Run 'cnb sbom --help' for usage."],
    ['sbom build', "unknown command 'build'", "Did you mean build? Run 'cnb sbom --help' for usage."],
    ['create b', "unknown command 'create'", "Did you mean builder create? Run 'cnb --help' for usage."],
    ['download --help', "unknown command 'download'", "Did you mean sbom download? Run 'cnb --help' for usage."],
    ['--nosuch --help', "unknown option '--nosuch'", "Run 'cnb --help' for usage."],
    ['builder --nosuch -h', "unknown option '--nosuch'", "Run 'cnb builder --help' for usage."],
  ])('reports an error for %s', (line, message, hint) => {
    expect(wrong(line)).toEqual({ message, hint })
  })

  it('reports the error in the selected format', () => {
    for (const line of ['-o json nosuch --help', 'help nosuch -o json', 'builder nosuch --help -o json', 'help -o json builder nosuch']) {
      expect(parseCommandLine(line.split(' '))).toMatchObject({ kind: 'wrong', globals: { output: 'json' } })
    }
  })
})

describe('a command line of pack', () => {
  it.each([
    ['buildpack register x', "Open an issue in the registry's repository"],
    ['sbom download a -o boms', 'To set the output directory, use --output-dir.'],
  ])('suggests the equivalent of %s', (line, hint) => {
    expect(wrong(line).hint).toContain(hint)
  })
})

describe('help', () => {
  it.each([
    ['help builder create', 'builder create --help'],
    ['builder help create', 'builder create --help'],
    ['--help builder create', 'builder create --help'],
    ['builder --help create', 'builder create --help'],
    ['help build', 'build --help'],
    ['--help build', 'build --help'],
    ['-h --output json build', 'build --help'],
    ['help builder', 'builder --help'],
    ['help help', '--help'],
    ['help', '--help'],
  ])('prints the same for %s and %s', (line, same) => {
    expect(printed(...line.split(' '))).toBe(printed(...same.split(' ')))
  })

  it('appears for cnb without arguments', () => {
    expect(printed()).toBe(printed('--help'))
  })

  it('lists each command in the help of its parent', () => {
    for (const { name, summary } of COMMANDS) {
      const [command = '', ...parents] = name.split(' ').reverse()
      expect(printed(...parents.reverse(), '--help')).toMatch(new RegExp(`^  ${command} .*\\s${summary.slice(0, 20)}`, 'm'))
    }
    for (const [name, { summary }] of Object.entries(PARENTS)) {
      const [command = '', ...parents] = name.split(' ').reverse()
      expect(printed(...parents, '--help')).toMatch(new RegExp(`^  ${command} +${summary}`, 'm'))
    }
  })

  it('appears for a parent command without a subcommand', () => {
    expect(printed('builder')).toContain('create <image>')
  })

  it.each(COMMANDS.map(({ name }) => name))('has at least two valid examples for %s', (name) => {
    const definition = COMMANDS.find((command) => command.name === name)
    expect(definition?.examples.length).toBeGreaterThanOrEqual(2)
    for (const { line, does } of definition?.examples ?? []) {
      expect(run(line.replace(/^cnb /, '').replace(/ \|.*/, '')).definition).toBe(definition)
      expect(printed(...name.split(' '), '--help')).toContain(`  # ${does}\n  ${line}`)
    }
  })

  it.each(COMMANDS.map(({ name }) => name))('lists every option and output format of %s', (name) => {
    const definition = COMMANDS.find((command) => command.name === name)
    const help = printed(...name.split(' '), '-h')
    for (const { options } of definition?.groups ?? []) for (const { flags } of Object.values(options)) expect(help).toContain(`  ${flags}`)
    const [last = '', ...others] = [...(definition?.formats ?? [])].reverse()
    expect(help.replaceAll(/\s+/g, ' ')).toContain(`output format: ${others.length === 0 ? last : `${others.reverse().join(', ')} or ${last}`}`)
  })

  it.each(COMMANDS.map(({ name }) => name))('uses no flag of a global option again for %s', (name) => {
    const flagsOf = (groups: readonly OptionGroup[]): string[] => groups.flatMap(({ options }) => Object.values(options).flatMap(({ flags }) => flags.replace(/ <.*/, '').split(', ')))
    const flags = flagsOf([...(COMMANDS.find((command) => command.name === name)?.groups ?? []), CNB.globals])
    expect(flags).toEqual([...new Set(flags)])
  })

  it('selects colors with the options of pack too', () => {
    expect(run('build app --force-color --timestamps').globals).toMatchObject({ color: 'always', timestamps: true })
    expect(run('build app --no-color --force-color').globals.color).toBe('always')
  })

  it.each([40, 60, 80, 200])('fits into %d columns and uses at most 100', (columns) => {
    const parsed = parseCommandLine(['build', '--help'], columns)
    if (parsed.kind !== 'print') throw new Error(parsed.kind)
    const prose = parsed.text.slice(0, parsed.text.indexOf('Examples:')).split('\n')
    // Below 56 columns, descriptions keep 20 columns to stay readable.
    expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(Math.min(100, Math.max(columns, 56)))
  })

  it('prints the version', () => {
    expect(printed('--version')).toMatch(/^\d+\.\d+\.\d+$/)
  })
})
