import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { packTar } from '../../../src/archive/tar/tar-writer.ts'
import { caBinding, platformEntries } from '../../../src/project/platform-directory.ts'

const CA = `-----BEGIN CERTIFICATE-----
MIIBgjCCASmgAwIBAgIUVYrCYSG9Hmtj/mWSnYp11YmzX4wwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLY25iLXRlc3QtY2EwIBcNMjYxMTIxMDk0NzE4WhgPMjEyNjEw
MjgwOTQ3MThaMBYxFDASBgNVBAMMC2NuYi10ZXN0LWNhMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEs1+8LEyKmjKWo++w/Ghw8bm8Qnmphvi3G0sRNuwyjCn9zlqv
zVmt3+vHgvBXLpdqnaTFGsCx/zfaMqytgmy+xaNTMFEwHQYDVR0OBBYEFClDWNGO
Io89Xylx1b460fWcPZDoMB8GA1UdIwQYMBaAFClDWNGOIo89Xylx1b460fWcPZDo
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgc92GBhajeBgKybc/
AsNUq2I8dwOokFFPrRVKZ4+6Ed4CIEhwAZXjL5zInwQfCjKaxUvcmJ41ON0O5Z4g
F1tYsDJ4
-----END CERTIFICATE-----`

describe('platformEntries', () => {
  it('creates a world-readable file for each variable, with its exact bytes', async () => {
    const entries = platformEntries({
      env: new Map([
        ['B', 'é\n'],
        ['A', ''],
      ]),
    })
    expect(entries.map(({ name, type, mode, uid, gid }) => [name, type, mode, uid, gid])).toEqual([
      ['platform', 'directory', 0o755, 0, 0],
      ['platform/env', 'directory', 0o755, 0, 0],
      ['platform/env/A', 'file', 0o644, 0, 0],
      ['platform/env/B', 'file', 0o644, 0, 0],
    ])
    expect(entries[3]).toMatchObject({ size: 3, content: Buffer.from('é\n') })
    expect((await buffer(packTar(entries))).length).toBe(512 * 5 + 1024)
  })

  it('creates the directories of the files of a binding', () => {
    const entries = platformEntries({ env: new Map(), bindings: [{ name: 'db', files: new Map([['metadata/kind', Buffer.from('a')], ['metadata/tags', Buffer.from('b')], ['secret/key', Buffer.from('c')]]) }] })
    const names = entries.map(({ name, type }) => `${type} ${name.toString().replace('platform/bindings', '')}`)
    expect(names.slice(3)).toEqual(['directory /db', 'directory /db/metadata', 'file /db/metadata/kind', 'file /db/metadata/tags', 'directory /db/secret', 'file /db/secret/key'])
  })

  it.each(['../x', 'a/../x', '/x', 'a//x', 'a/'])('rejects the path %j of a file in a binding', (path) => {
    expect(() => platformEntries({ env: new Map(), bindings: [{ name: 'db', files: new Map([[path, Buffer.from('a')]]) }] })).toThrow('is not a valid file name below /platform')
  })

  it('creates a directory for each binding', () => {
    const entries = platformEntries({ env: new Map(), bindings: [{ name: 'db', files: new Map([['type', Buffer.from('postgres')]]) }] })
    expect(entries.map(({ name }) => name)).toEqual([
      'platform',
      'platform/env',
      'platform/bindings',
      'platform/bindings/db',
      'platform/bindings/db/type',
    ])
  })

  it.each(['../x', '..', ''])('rejects the name %j', (name) => {
    const files = new Map([[name, Buffer.alloc(0)]])
    expect(() => platformEntries({ env: new Map([[name, '']]) })).toThrow(expect.objectContaining({ code: 'CNB_USAGE' }))
    expect(() => platformEntries({ env: new Map(), bindings: [{ name, files: new Map() }] })).toThrow(
      expect.objectContaining({ code: 'CNB_USAGE' }),
    )
    expect(() => platformEntries({ env: new Map(), bindings: [{ name: 'x', files }] })).toThrow(
      expect.objectContaining({ code: 'CNB_USAGE' }),
    )
  })
})

describe('caBinding', () => {
  it('creates a ca-certificates binding with a file per certificate, and ignores text between them', () => {
    const bundle = `# comment\r\n${CA.replaceAll('\n', '\r\n')}\r\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n${CA}`
    const binding = caBinding([
      { file: 'a.pem', pem: Buffer.from(bundle) },
      { file: 'b.pem', pem: Buffer.from(CA) },
    ])
    expect(binding.name).toBe('ca-certificates')
    expect([...binding.files.keys()]).toEqual(['type', 'certificate-1.pem', 'certificate-2.pem', 'certificate-3.pem'])
    expect(binding.files.get('type')?.toString()).toBe('ca-certificates')
    expect(binding.files.get('certificate-3.pem')?.toString()).toBe(`${CA}\n`)
    expect([...binding.files.values()].join('')).not.toContain('PRIVATE')
  })

  it.each([
    ['no certificate', 'hello', 'bad.pem has no PEM certificate'],
    ['a key only', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----', 'bad.pem has no PEM certificate'],
    [
      'rubbish for a certificate',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
      'cannot read a certificate in bad.pem',
    ],
  ])('rejects a file with %s by name', (_, pem, words) => {
    expect(() =>
      caBinding([
        { file: 'good.pem', pem: Buffer.from(CA) },
        { file: 'bad.pem', pem: Buffer.from(pem) },
      ]),
    ).toThrow(expect.objectContaining({ code: 'CNB_USAGE', message: expect.stringContaining(words) }))
  })
})
