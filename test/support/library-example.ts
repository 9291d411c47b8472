/** The example of docs/library.md. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from './package.ts'

/** Returns the example's TypeScript. */
export async function libraryExample(): Promise<string> {
  const text = await readFile(join(ROOT, 'docs/library.md'), 'utf8')
  const [, example] = /```ts\n(.*?)```/s.exec(text) ?? []
  if (example === undefined) throw new Error('docs/library.md has no example')
  return example
}
