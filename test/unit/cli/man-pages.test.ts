import { execFileSync, spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { COMMANDS } from '../../../src/cli/command-list.ts'
import { manPages } from '../../../src/cli/man-pages.ts'

const pages = manPages()

it('has a page for the program and each command', () => {
  expect([...pages.keys()]).toEqual(['cnb.1', ...COMMANDS.map(({ name }) => `cnb-${name.replaceAll(' ', '-')}.1`)])
})

it('names each option and example, and has no line that roff takes for a request', () => {
  for (const { name, groups, examples } of COMMANDS) {
    const written = pages.get(`cnb-${name.replaceAll(' ', '-')}.1`) ?? ''
    const page = written.replaceAll('\\-', '-').replaceAll('\\(aq', "'").replaceAll('\\(dq', '"').replaceAll('\\(ti', '~').replaceAll('\\[u2026]', '…').replaceAll('\\(rs', '\\')
    for (const { options } of groups) for (const { flags } of Object.values(options)) expect(page).toContain(flags.replace(/[ ,].*/, ''))
    for (const { line } of examples) expect(page).toContain(`\n${line}\n`)
    expect(written).not.toMatch(/^(\.(?!TH|SH|SS|TP|PP|RS|RE|EX|EE|BR?|I )|')/m)
    expect(written).toMatch(/^[\x20-\x7e\n]*$/)
  }
})

// Not on all machines.
it.skipIf(spawnSync('groff', ['--version']).status !== 0)('is set by groff without a warning, and examples can be copied', () => {
  expect(spawnSync('groff', ['-man', '-ww', '-z'], { input: [...pages.values()].join(''), encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
  const shown = execFileSync('groff', ['-man', '-Tutf8', '-P-c', '-rLL=200n'], { input: pages.get('cnb-get.1') ?? '', encoding: 'utf8' })
  expect(shown).toContain("cnb get image shop -o jsonpath='{.status.latestImage}'")
})
