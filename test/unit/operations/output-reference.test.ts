import { expect, test } from 'vitest'
import { parseReference } from '../../../src/oci/reference.ts'
import { outputReference } from '../../../src/operations/output-reference.ts'

const [A, B] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`] as const
const MANIFEST = { digest: A, size: 1 } as const

test.each([
  ['in a registry only', { id: `index.docker.io/my/app@${A}`, repoDigests: [`my/app@${A}`], manifest: MANIFEST }, `my/app@${A}`],
  ['in a registry and on a graph-driver engine', { id: B, repoDigests: [`my/app@${A}`], manifest: MANIFEST }, `my/app@${A}`],
  ['on a containerd store', { id: A, repoDigests: [`other/app@${A}`, `my/app@${A}`] }, `my/app@${A}`],
  ['on a graph-driver engine', { id: B, repoDigests: [] }, B],
  ['on a graph-driver engine after a push, or on podman', { id: B, repoDigests: [`my/app@${A}`] }, B],
  ['on a graph-driver engine and in a layout', { id: B, repoDigests: [], manifest: MANIFEST }, B],
  ['in a layout only', { id: `oci:out@${A}`, repoDigests: [], manifest: MANIFEST }, `oci:out@${A}`],
])('returns the reference of an image %s', (_, image, expected) => {
  expect(outputReference(parseReference('my/app:1'), image)).toBe(expected)
})
