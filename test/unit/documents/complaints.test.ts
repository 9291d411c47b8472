/** Keeps docs/complaints.md true: its rows, and the tests that it names. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')
const [, complaints = '', defects = ''] = readFileSync(join(ROOT, 'docs/complaints.md'), 'utf8').split(/^## .*$/m)

const rowsOf = (section: string) => [...section.matchAll(/^\| (\d+) \| .+ \| (.+) \| .+ \| (.+) \|$/gm)].map(([, number, state = '', tests = '']) => ({ number: Number(number), state, tests: tests.split('<br>') }))
const ROWS = [...rowsOf(complaints), ...rowsOf(defects)]

it('has a row for each of 36 complaints and 24 defects', () => {
  const upTo = (length: number) => Array.from({ length }, (_, at) => at + 1)
  expect(rowsOf(complaints).map(({ number }) => number)).toEqual(upTo(36))
  expect(rowsOf(defects).map(({ number }) => number)).toEqual(upTo(24))
  expect(new Set(ROWS.map(({ state }) => state))).toEqual(new Set(['solved', 'open', 'not applicable']))
})

it.each([...new Set(ROWS.flatMap(({ tests }) => tests))])('names a test that exists: %s', (named) => {
  const [, file = '', title = ''] = /^`(test\/[\w/.-]+\.test\.ts)`: (.+)$/.exec(named) ?? []
  expect(file).not.toBe('')
  const titles = [...readFileSync(join(ROOT, file), 'utf8').matchAll(/[( ](['"`])((?:\\.|(?!\1).)+)\1, (?:\{[^}]*\}, )?(?:async )?(?:\(|_|\w+ =>)/g)].map(([, , text = '']) => text.replaceAll('\\', ''))
  expect(titles.filter((each) => each.startsWith(title))).not.toEqual([])
})
