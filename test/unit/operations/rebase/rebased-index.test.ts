import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestOf } from '../../../../src/oci/digest.ts'
import { rewriteIndex } from '../../../../src/operations/rebase/rebased-index.ts'
import { documentOf } from '../../../../src/operations/rebase/rebased-part.ts'

const descriptor = (name: string) => ({ mediaType: 'application/x', digest: digestOf(name), size: name.length })
const documentFor = (index: object) => documentOf('application/vnd.oci.image.index.v1+json', Buffer.from(JSON.stringify(index)))

test('replaces digest, size and type of entries, and keeps everything else', () => {
  const entry = { platform: { os: 'linux', architecture: 'arm64', features: ['x'] }, ...descriptor('old'), extra: 1 }
  const index = { annotations: { a: 'b' }, schemaVersion: 2, manifests: [entry, descriptor('attestation')], more: [null] }
  const { content } = rewriteIndex(documentFor(index), new Map([[digestOf('old'), descriptor('newer')]]))
  expect(content.toString()).toBe(JSON.stringify({ ...index, manifests: [{ ...entry, ...descriptor('newer') }] }))
})

test('keeps any other fields of an index', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (more) => {
      const index = { ...more, manifests: [descriptor('old')] }
      const made = rewriteIndex(documentFor(index), new Map([[digestOf('old'), descriptor('new')]]))
      expect(JSON.parse(made.content.toString())).toEqual(JSON.parse(JSON.stringify({ ...index, manifests: [descriptor('new')] })))
      expect(made.descriptor.digest).toBe(digestOf(made.content))
    }),
  )
})
