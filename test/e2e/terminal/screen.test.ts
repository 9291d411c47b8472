import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCnb, succeed } from '../../support/cnb.ts'
import { USING_BUILDER, appFiles } from '../../support/script-builder.ts'
import { openScreen } from '../../support/terminal.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

/** Waits long enough for the spinner, and prints a line that is longer than a narrow terminal. */
const build = `echo first; sleep 1.2; echo "${'a long line '.repeat(5)}"; sleep 0.5; echo last`
const SPINNER = /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] building/
/** Colours, of text or background. */
const COLOR = /\u001b\[[\d;]*[1-9]\d*m/
/** Movements and deletions. */
const MOVEMENT = /\u001b\[[\d;?]*[A-HJKhl]/

let command: string[] = []
let piped: string[] = []

beforeAll(async () => {
  command = ['build', bench.image(), '--path', await bench.directory(appFiles(build)), ...USING_BUILDER]
  await succeed(command)
  const { stdout, stderr } = await startCnb(command).finished
  expect(stdout + stderr).not.toContain('\u001b')
  piped = comparable(`${stderr}${stdout}`.split('\n'))
})

/** Lines without what differs between two runs or between terminals and pipes: times, quotes in place of colours, and the end. */
function comparable(lines: readonly string[]): string[] {
  return lines.map((line) => line.replaceAll(/\d+\.\ds/g, 'TIME').replaceAll("'", '').trimEnd()).filter((line) => line !== '' && !line.startsWith('[exit'))
}

describe('a build in a terminal', () => {
  it.each([[80, 40], [40, 80], [80, 20]])('leaves the lines of a pipe at %d columns that become %d half way', async (columns, later) => {
    await using screen = await openScreen(command, { columns })
    await screen.shows(SPINNER)
    await screen.resize(later)
    expect(await screen.exit()).toBe(0)
    expect(comparable(await screen.lines())).toEqual(piped)
    expect(await screen.isCursorVisible()).toBe(true)
  })

  it('moves without colour with NO_COLOR', async () => {
    await using screen = await openScreen(command, { env: { NO_COLOR: '1' } })
    await screen.shows(SPINNER)
    expect(await screen.exit()).toBe(0)
    expect(comparable(await screen.lines())).toEqual(piped)
    expect(await screen.written()).not.toMatch(COLOR)
  })

  it('moves nothing with CI=1, and keeps colour', async () => {
    await using screen = await openScreen(command, { env: { CI: '1' } })
    expect(await screen.exit()).toBe(0)
    expect(comparable(await screen.lines())).toEqual(piped)
    expect(await screen.written()).toMatch(COLOR)
    expect(await screen.written()).not.toMatch(MOVEMENT)
  })

  it('writes no control sequence with TERM=dumb', async () => {
    await using screen = await openScreen(command, { env: { TERM: 'dumb' } })
    expect(await screen.exit()).toBe(0)
    expect(comparable(await screen.lines())).toEqual(piped)
    expect(await screen.written()).not.toContain('\u001b')
  })
})
