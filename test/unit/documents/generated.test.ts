/** Compares the generated documents with the program. `npm run docs` writes them again. */

import { join } from 'node:path'
import { expect, it } from 'vitest'
import { commandReference, conformanceReference, errorReference } from '../../support/documents/generated.ts'
import { packReference } from '../../support/documents/pack-reference.ts'

it.each([
  ['commands.md', commandReference],
  ['errors.md', errorReference],
  ['conformance.md', conformanceReference],
  ['pack.md', packReference],
])('keeps docs/%s true', async (name, generate) => {
  await expect(generate()).toMatchFileSnapshot(join(import.meta.dirname, '../../../docs', name))
})
