import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CnbError } from '../../../src/base/errors.ts'
import { parseLocator, type LocatorContext } from '../../../src/buildpacks/locator.ts'

const builder = [{ id: 'acme/node', version: '1.0.0' }, { id: 'here', version: '1' }]
const context: LocatorContext = { exists: (path) => ['./bp', '/abs/bp.tgz', 'here', 'with@1'].includes(path), builder }

describe('parseLocator', () => {
  test.each([
    ['./bp', { type: 'path', path: './bp' }],
    ['/abs/bp.tgz', { type: 'path', path: '/abs/bp.tgz' }],
    ['file:///abs/some%20where', { type: 'path', path: '/abs/some where' }],
    ['acme/node', { type: 'id', id: 'acme/node' }],
    ['acme/node@1.0.0', { type: 'id', id: 'acme/node', version: '1.0.0' }],
    ['urn:cnb:builder:acme/node@1.0.0', { type: 'id', id: 'acme/node', version: '1.0.0' }],
    ['from=builder:acme/node', { type: 'id', id: 'acme/node' }],
    ['from=builder', { type: 'builder-order' }],
    ['with@1', { type: 'path', path: 'with@1' }],
    ['docker://acme/bp:1', { type: 'image', reference: 'acme/bp:1' }],
    ['docker:/acme/bp:1', { type: 'image', reference: 'acme/bp:1' }],
    ['docker://registry.example:5000/acme/bp:1', { type: 'image', reference: 'registry.example:5000/acme/bp:1' }],
    ['acme/bp:1', { type: 'image', reference: 'acme/bp:1', guessed: true }],
    ['registry.example/acme/bp', { type: 'image', reference: 'registry.example/acme/bp', guessed: true }],
    ['https://acme.example/bp.tgz?a=b', { type: 'url', url: 'https://acme.example/bp.tgz?a=b' }],
    ['urn:cnb:registry:acme/bp', { type: 'registry', id: 'acme/bp' }],
    ['urn:cnb:registry:acme/bp@1.2.3', { type: 'registry', id: 'acme/bp', version: '1.2.3' }],
    ['acme/bp', { type: 'registry', id: 'acme/bp', guessed: true }],
    ['acme/bp@1.2.3', { type: 'registry', id: 'acme/bp', version: '1.2.3', guessed: true }],
  ])('parses %s', async (text, locator) => {
    expect(await parseLocator(text, context)).toEqual(locator)
  })

  test('prefers an existing path to a buildpack with that id, which a urn still selects', async () => {
    expect(await parseLocator('here', context)).toEqual({ type: 'path', path: 'here' })
    expect(await parseLocator('urn:cnb:builder:here', context)).toEqual({ type: 'id', id: 'here' })
  })

  test.each([
    ['docker://Acme/bp:1', 'CNB_REFERENCE_INVALID'],
    ['https://', 'CNB_USAGE'],
    ['urn:cnb:registry:bp', 'CNB_USAGE'],
    ['urn:cnb:builder:acme/other', 'CNB_BUILDPACK_NOT_FOUND'],
    ['acme/node@2', 'CNB_BUILDPACK_NOT_FOUND'],
    ['./no/where', 'CNB_BUILDPACK_NOT_FOUND'],
    ['no/where.cnb', 'CNB_BUILDPACK_NOT_FOUND'],
    ['No Where', 'CNB_BUILDPACK_NOT_FOUND'],
    ['ftp://acme.example/bp.tgz', 'CNB_USAGE'],
    ['file://host/bp', 'CNB_USAGE'],
    ['', 'CNB_USAGE'],
  ])('rejects %s with %s and a hint', async (text, code) => {
    const error = await parseLocator(text, context).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code, hint: expect.stringMatching(/\w{3,}/) as string })
  })

  test('reports the versions in the builder', async () => {
    await expect(parseLocator('acme/node@2', context)).rejects.toMatchObject({ hint: 'Use one of its versions in the builder: 1.0.0.' })
  })

  test('returns a locator or throws a CnbError for any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('', 'https://', 'file:', 'file:/', 'file:///', 'urn:cnb:builder:', '@', '@1'), fc.string(), async (prefix, rest) => {
        const text = prefix + rest
        const result = await parseLocator(text, context).catch((error: unknown) => error)
        expect(result instanceof CnbError || (result as { type?: string }).type !== undefined).toBe(true)
      }),
    )
  })
})
