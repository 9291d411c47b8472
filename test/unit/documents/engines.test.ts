import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')
const read = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8')

/** Returns the words of a bash array. */
const wordsOf = (script: string, name: string): string[] => (new RegExp(`^${name}=\\(([^)]*)\\)`, 'm').exec(script)?.[1] ?? '').split(/\s+/).filter(Boolean)

it('has each engine and operation of test/engines in the table of docs/engines.md', async () => {
  const [engines, operations, document] = await Promise.all(['test/engines/engines.sh', 'test/engines/operations.sh', 'docs/engines.md'].map(read))
  const names = wordsOf(engines!, 'ENGINES')
  const titles = names.map((name) => new RegExp(`^  \\[${name}\\]='(.*)'$`, 'm').exec(engines!)?.[1])
  const table = /^<!-- engines: .*-->\n([^]*?)^<!-- end of engines/m.exec(document!)?.[1] ?? ''
  const [header, , ...rows] = table.trim().split('\n').map((row) => row.slice(2, -2).split(' | '))
  expect(header).toEqual(['engine', 'version', 'store', ...wordsOf(operations!, 'OPERATIONS')])
  expect(rows.map(([title]) => title)).toEqual(titles)
  for (const row of rows) expect(row).toHaveLength(header!.length)
  for (const name of names) expect(engines).toContain(`\nengine_${name}() {`)
  for (const operation of wordsOf(operations!, 'OPERATIONS')) expect(operations).toContain(`\noperation_${operation}() {`)
})
