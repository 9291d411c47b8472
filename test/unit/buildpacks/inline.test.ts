import { describe, expect, test } from 'vitest'
import { inlineBuildpack } from '../../../src/buildpacks/inline.ts'
import { listLayer } from './tar-file.ts'

describe('inlineBuildpack', () => {
  test('creates a buildpack that always detects and builds with the script', async () => {
    const { descriptor, layer } = await inlineBuildpack({ id: 'acme/inline', api: '0.11', inline: 'echo hello' }, '/app/project.toml')
    expect(descriptor).toMatchObject({ api: '0.11', info: { id: 'acme/inline', version: '0.0.0' }, stacks: [{ id: '*' }], order: [] })
    expect((await listLayer(layer)).slice(2)).toEqual([
      expect.stringContaining('directory /cnb/buildpacks/acme_inline/0.0.0/bin'),
      expect.stringMatching(/^755 .*bin\/build = "#!\/bin\/sh\\n\\necho hello\\n"$/),
      expect.stringMatching(/^755 .*bin\/detect = "#!\/bin\/sh\\n\\nexit 0\\n"$/),
      expect.stringMatching(/^644 .*buildpack.toml = "api = \\"0.11\\".*id = \\"acme\/inline\\"/),
    ])
  })

  test('uses the given version and shell', async () => {
    const { descriptor, layer } = await inlineBuildpack({ id: 'x', version: '2', api: '0.11', shell: '/bin/bash', inline: 'true' }, '/app/project.toml')
    expect(descriptor.info.version).toBe('2')
    expect((await listLayer(layer))[3]).toContain('#!/bin/bash\\n')
  })

  test.each([
    ['no api', { id: 'x', inline: '' }, /has no api/],
    ['an api that is none', { id: 'x', api: 'new', inline: '' }, /has api 'new'/],
    ['no id', { id: '', api: '0.11', inline: '' }, /'buildpack.id' is required/],
    ['a shell of two lines', { id: 'x', api: '0.11', shell: '/bin/sh\nrm', inline: '' }, /more than one line/],
  ])('rejects %s', async (_, script, message) => {
    await expect(inlineBuildpack(script, '/app/project.toml')).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID', message: expect.stringMatching(message) as string })
  })
})
