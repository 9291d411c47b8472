import { describe, expect, it } from 'vitest'
import { parseCommandLine, type Parsed } from '../../../../src/cli/program.ts'
import { ALIASES } from '../../../../src/cli/pack/aliases.ts'
import { COMMANDS_WITHOUT_MEANING } from '../../../../src/cli/pack/without-meaning.ts'
import { packAliases, packTable } from '../../../support/pack/pack-table.ts'

const table = packTable()

function run(...argv: string[]): Extract<Parsed, { kind: 'run' }> {
  const parsed = parseCommandLine(argv)
  if (parsed.kind !== 'run') throw new Error(parsed.kind === 'wrong' ? parsed.error.message : parsed.text)
  return parsed
}

describe('the command line of pack 0.40.5', () => {
  it('has a hint for each command and option that cnb refuses', () => {
    expect(table.length).toBeGreaterThan(130)
    expect(table.filter(({ outcome, note }) => outcome === 'refused' && /^(Run|Did you)|^$/.test(note))).toEqual([])
  })

  it('has every alias and every ignored command', () => {
    const names = new Set([...table.map(({ command }) => command), ...Object.keys(packAliases)])
    expect([...Object.keys(ALIASES), ...Object.keys(COMMANDS_WITHOUT_MEANING)].filter((name) => !names.has(name))).toEqual([])
    expect(Object.keys(packAliases).filter((alias) => !Object.hasOwn(ALIASES, alias))).toEqual([])
  })
})

describe('an alias of a command', () => {
  it.each([
    ['imgs delete app', 'image delete'],
    ['csk update b', 'clusterstack patch'],
    ['secrets delete app', 'secret delete'],
    ['bldr status b', 'builder status'],
    ['inspect-image app', 'inspect'],
    ['-q --output json inspect-image app', 'inspect'],
    ['create-builder b -c builder.toml', 'builder create'],
    ['builders inspect b', 'builder inspect'],
    ['builders inspect-builder b', 'builder inspect'],
    ['inspect-builder b', 'builder inspect'],
  ])('runs the command: %s', (line, name) => {
    const { definition, given } = run(...line.split(' '))
    expect([definition.name, given]).toEqual([name, [line.split(' ').find((word) => word === 'app' || word === 'b')]])
  })

  it('has the help of the command, which does not list it', () => {
    expect(parseCommandLine(['help', 'create-builder'])).toEqual(parseCommandLine(['builder', 'create', '--help']))
    expect(parseCommandLine(['create-builder', '--help'])).toEqual(parseCommandLine(['builder', 'create', '--help']))
    expect(parseCommandLine(['--help'])).not.toMatchObject({ text: expect.stringContaining('create-builder') as string })
  })

  it('is not a value or an argument', () => {
    expect(run('inspect', 'builders').given).toEqual(['builders'])
    expect(run('--output', 'json', 'build', 'create-builder').given).toEqual(['create-builder'])
  })
})

describe('what has no meaning', () => {
  it('is a note on the run for an option', () => {
    expect(run('build', 'app', '--interactive').notes).toEqual(['--interactive has no effect: cnb has no full-screen display'])
    expect(run('inspect', 'app', '--bom').notes?.[0]).toContain('cnb sbom download')
    expect(run('build', 'app').notes).toBeUndefined()
  })

  it.each(['stack suggest', 'extension register x', 'extensions yank x@1'])('is a note instead of a run for a command: %s', (line) => {
    expect(parseCommandLine(line.split(' '))).toMatchObject({ kind: 'print', text: '', note: expect.stringContaining(' has no effect: ') as string })
  })

  it('is not in help', () => {
    expect(parseCommandLine(['build', '--help'])).not.toMatchObject({ text: expect.stringContaining('--interactive') as string })
  })
})
