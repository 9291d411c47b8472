import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { copyText, startText } from '../../../../src/cli/commands/start-text.ts'
import { startedProcess } from '../../../../src/images/labels/started-process.ts'
import { toOciLayout } from '../../../../src/images/sinks/to-oci-layout.ts'
import { shellWord } from '../../../../src/ui/shell-word.ts'
import { makeTheme } from '../../../../src/ui/theme.ts'

const processes = (...types: string[]) => types.map((type) => ({ type: type.replace('*', ''), default: type.startsWith('*') }))
const text = (...types: string[]): string => startText('reg.example/app:1', processes(...types), makeTheme(false))

describe('startText', () => {
  it.each([
    [['*web'], 'Start it: docker run --rm -e PORT=8080 -p 8080:8080 reg.example/app:1'],
    [['web', '*worker'], 'Start it: docker run --rm -e PORT=8080 -p 8080:8080 reg.example/app:1'],
    [['worker'], 'No default process; start one: docker run --rm --entrypoint worker reg.example/app:1'],
    [['worker', 'task'], 'No default process; start one: docker run --rm --entrypoint worker reg.example/app:1'],
    [['worker', 'web'], 'No default process; start one: docker run --rm -e PORT=8080 -p 8080:8080 --entrypoint web reg.example/app:1'],
    [["it's; $(x)"], String.raw`No default process; start one: docker run --rm --entrypoint 'it'\''s; $(x)' reg.example/app:1`],
    [[], 'No process; specify a command: docker run --rm reg.example/app:1 <command>'],
  ])('starts the default process, web or the first of %j', (types, expected) => {
    expect(text(...types)).toBe(expected)
  })

  it('quotes words with special characters for a shell', () => {
    expect(['[::1]:5000/app', 'my app', '*', ''].map(shellWord)).toEqual(["'[::1]:5000/app'", "'my app'", "'*'", "''"])
  })

  it('survives parsing by a shell', () => {
    const printable = fc.string({ unit: fc.constantFrom(...Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index))), maxLength: 12 })
    fc.assert(
      fc.property(fc.array(printable, { minLength: 20, maxLength: 20 }), (words) => {
        const script = `printf '%s\\n' ${words.map(shellWord).join(' ')}`
        expect(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' })).toBe(words.map((word) => `${word}\n`).join(''))
      }),
      { numRuns: 20 },
    )
  })
})

describe('copyText', () => {
  const copy = (place: string, sparse = false): string[] =>
    copyText(toOciLayout(place, { cwd: '/work', sparse }).loadCommands!('team/app:1.0'), makeTheme(false))

  it.each([
    ['oci:/tmp/out', 'skopeo copy --quiet oci:/tmp/out:1.0'],
    ['oci:out:two', 'skopeo copy --quiet oci:/work/out:two'],
    ['oci:/tmp/my out@home', "skopeo copy --quiet 'oci:/tmp/my out@home:1.0'"],
  ])('copies from %s', (place, command) => {
    expect(copy(place)).toEqual([`Copy it: ${command} docker-archive:/dev/stdout:team/app:1.0 | docker load`])
  })

  it('returns no line for a layout without the layers of the base image', () => {
    expect(copy('oci:out', true)).toEqual([])
  })
})

describe('the process that an image starts', () => {
  it.each([
    [{ Entrypoint: ['/cnb/process/web'] }, 'web'],
    [{ Entrypoint: ['/cnb/lifecycle/launcher'] }, undefined],
    [{ Entrypoint: ['/cnb/lifecycle/launcher'], Env: ['CNB_PROCESS_TYPE=worker'] }, 'worker'],
    [{}, undefined],
  ])('reads %j as %s', (config, type) => {
    expect(startedProcess(config)).toBe(type)
  })
})
