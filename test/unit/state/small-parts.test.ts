import { expect, it } from 'vitest'
import { defaultStateDirectory } from '../../../src/state/default-directory.ts'
import { redacted } from '../../../src/state/redacted.ts'

it('finds the default directory by the XDG base directory specification', () => {
  expect(defaultStateDirectory({ XDG_STATE_HOME: '/x' }, '/home/u')).toBe('/x/cnb')
  expect(defaultStateDirectory({ XDG_STATE_HOME: 'relative' }, '/home/u')).toBe('/home/u/.local/state/cnb')
  expect(defaultStateDirectory({}, '/home/u')).toBe('/home/u/.local/state/cnb')
})

it('redacts every place in which a Secret has values', () => {
  const annotations = { 'kpack.io/git': 'https://example.com', 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"password":"c2VjcmV0"}}' }
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x', annotations }, type: 'Opaque', data: { password: 'c2VjcmV0' }, stringData: { other: 'secret' } }
  expect(redacted(secret)).toEqual({
    ...secret,
    metadata: { name: 'x', annotations: { 'kpack.io/git': 'https://example.com' } },
    data: { password: '<redacted>' },
    stringData: { other: '<redacted>' },
  })
  const image = { ...secret, kind: 'Image' }
  expect(redacted(image)).toBe(image)
  expect(redacted({ ...secret, data: 'c2VjcmV0' }).data).toBe('<redacted>')
})
