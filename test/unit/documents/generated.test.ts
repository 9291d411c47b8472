/** Compares the generated documents with the program. `npm run docs` writes them again. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { manPages } from '../../../src/cli/man-pages.ts'
import { commandReference, conformanceReference, errorReference } from '../../support/documents/generated.ts'
import { packReference } from '../../support/documents/pack-reference.ts'

const ROOT = join(import.meta.dirname, '../../..')

it.each([
  ['commands.md', commandReference],
  ['errors.md', errorReference],
  ['conformance.md', conformanceReference],
  ['pack.md', packReference],
])('keeps docs/%s true', async (name, generate) => {
  await expect(generate()).toMatchFileSnapshot(join(ROOT, 'docs', name))
})

// npm links only the pages that package.json names.
it('keeps the man pages of package.json true', async () => {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as object
  const man = [...manPages().keys()].map((page) => `dist/man/${page}`)
  await expect(`${JSON.stringify({ ...manifest, man }, undefined, 2)}\n`).toMatchFileSnapshot(join(ROOT, 'package.json'))
})
