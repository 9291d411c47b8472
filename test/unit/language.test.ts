/** Compares the counts of unclear English with the allowed ones; `vitest --update` writes only lower counts. */

import { readFileSync, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HABITS, habitsIn, sourceTexts, type Occurrence } from '../support/language.ts'

const root = join(import.meta.dirname, '../..')
const COUNTS = join(root, 'test/support/language-counts.json')
const SHOWN = 30

function filesUnder(folder: string, extension: string, recursive = true): string[] {
  return readdirSync(join(root, folder), { recursive, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}

/** Every occurrence in src, test and the documents, as `path:line: words`, by habit. */
function occurrences(): Map<string, string[]> {
  const found = new Map<string, string[]>(Object.keys(HABITS).map((habit) => [habit, []]))
  const documents = readdirSync(root).includes('docs') ? filesUnder('docs', '.md') : []
  for (const path of [...filesUnder('src', '.ts'), ...filesUnder('test', '.ts'), ...filesUnder('.', '.md', false), ...documents]) {
    for (const { habit, line, words } of habitsIn(path, readFileSync(join(root, path), 'utf8'))) {
      found.get(habit)?.push(`${path}:${line}: ${words}`)
    }
  }
  return found
}

describe('the texts of the project', () => {
  it('contain exactly the recorded number of each habit of unclear English', async () => {
    const allowed = JSON.parse(readFileSync(COUNTS, 'utf8')) as Record<string, number>
    const found = occurrences()
    const risen = [...found].filter(([habit, places]) => places.length > (allowed[habit] ?? 0))
    expect(risen.map(([habit, places]) => `${habit}: ${places.length}, allowed ${allowed[habit] ?? 0}\n${places.slice(0, SHOWN).join('\n')}`)).toEqual([])
    const counts = Object.fromEntries([...found].map(([habit, places]) => [habit, places.length]))
    await expect(`${JSON.stringify(counts, undefined, 2)}\n`).toMatchFileSnapshot(COUNTS)
  })
})

describe('habitsIn', () => {
  const names = (found: readonly Occurrence[]): string[] => found.map(({ habit, line }) => `${habit} ${line}`)

  it('finds habits in comments, messages and documents by line, and not in code', () => {
    expect(names(habitsIn('src/a.ts', '/** A file. */\nconst told = gives(whose)\n// Nobody reads it,\nf(`the peer ${x} is told`)'))).toEqual([
      'tells 4', 'nobody 3', 'the peer 4',
    ])
    expect(names(habitsIn('a.md', 'A text.\n\n```sh\nwhat is\n```\nIt gives one.'))).toEqual(['gives 6'])
  })

  it('ignores strings of tests that are not titles', () => {
    expect(names(habitsIn('test/a.ts', "f('gives all'); it('gives all', f); it.each([1])('is told', f)"))).toEqual(['gives 1', 'tells 1'])
  })

  it.each([
    ['long first line', `/** ${'x'.repeat(101)} */`],
    ['long help', `const a = { description: 'x ${'y'.repeat(59)}' }`],
    ['help is a sentence', "const a = { summary: 'Shows a file' }"],
    ['hint is no order', "const a = { hint: 'The file is missing.' }"],
  ])('finds a %s', (habit, content) => {
    expect(names(habitsIn('src/a.ts', content))).toEqual([`${habit} 1`])
  })

  it.each([
    ['a file of its own', 'title is no verb'],
    ['reads a file', undefined],
    ['#12 #13 reads a file', undefined],
    ['#12 a file', 'title is no verb'],
    ['does not read a file', undefined],
  ])("judges the title '%s'", (title, habit) => {
    expect(habitsIn('test/a.ts', `it('${title}', f)`).find((each) => each.habit === 'title is no verb')?.habit).toBe(habit)
  })
})

describe('sourceTexts', () => {
  it('reads templates, nested ones and regular expressions', () => {
    const content = 'const a = /[`\'"]/\nf(`a ${b ? `c ${d} e` : { f }} g`, h / 2, "i j")'
    expect(sourceTexts(content, true).map(({ text, line }) => `${text} ${line}`)).toEqual(['c … e 2', 'a … g 2', 'i j 2'])
  })
})
