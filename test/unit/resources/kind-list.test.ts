import { describe, expect, it } from 'vitest'
import { findKind, findKinds, KINDS } from '../../../src/resources/kind-list.ts'

describe('finding a kind', () => {
  it.each([
    ['img', 'Image'], ['images', 'Image'], ['Image', 'Image'], ['images.kpack.io', 'Image'], ['clstbldr', 'ClusterBuilder'], ['clusterstores', 'ClusterStore'],
    ['bld', 'Build'], ['sa', 'ServiceAccount'], ['cm', 'ConfigMap'], ['secret', 'Secret'], ['bps', 'Buildpack'],
  ])('accepts %s', (word, kind) => {
    expect(findKind(word).kind).toBe(kind)
  })

  it('suggests the nearest name for a misspelt one', () => {
    expect(() => findKind('imagse')).toThrow(expect.objectContaining({ code: 'CNB_USAGE', hint: "Did you mean 'images'?" }))
    expect(() => findKind('deployments')).toThrow(expect.objectContaining({ message: "cannot find the kind 'deployments'", hint: expect.stringContaining('clusterstacks') }))
  })

  it('accepts the category of all kinds of kpack', () => {
    expect(findKinds('kpack').map(({ kind }) => kind)).toEqual(KINDS.map(({ kind }) => kind).filter((kind) => !['Secret', 'ServiceAccount', 'ConfigMap'].includes(kind)))
    expect(findKinds('img').map(({ kind }) => kind)).toEqual(['Image'])
  })

  it('has no name for two kinds', () => {
    const words = KINDS.flatMap(({ plural, shortNames, kind }) => [plural, kind.toLowerCase(), ...shortNames])
    expect(new Set(words).size).toBe(words.length)
  })
})
