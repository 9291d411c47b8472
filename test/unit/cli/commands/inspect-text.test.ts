import { describe, expect, it } from 'vitest'
import { inspectionText } from '../../../../src/cli/commands/inspect-text.ts'
import type { ImageInspection } from '../../../../src/operations/inspect/inspect.ts'
import { makeTheme } from '../../../../src/ui/theme.ts'

const inspection: ImageInspection = {
  image: 'my-app',
  source: 'engine',
  id: 'sha256:1111',
  platform: 'linux/amd64',
  size: 152_300_000,
  target: { os: 'linux', arch: 'amd64', distroName: 'debian', distroVersion: '12' },
  baseImage: { reference: 'run:12', topLayer: 'sha256:2222' },
  runImages: [{ name: 'run:12' }, { name: 'mirror/run:12' }],
  rebasable: true,
  buildpacks: [{ id: 'cnb/node', version: '0.1.0', homepage: 'https://example.com' }],
  extensions: [],
  processes: [{ type: 'web', shell: '', command: 'node', args: ['server.js'], default: true, workingDir: '/workspace' }],
  sbom: false,
  layers: [
    { diffId: `sha256:${'ab'.repeat(32)}`, size: 32_600_000, name: 'run image' },
    { diffId: `sha256:${'cd'.repeat(32)}`, name: 'node', buildpack: 'cnb/node@0.1.0' },
  ],
}

describe('inspectionText', () => {
  it('shows run image, buildpacks, processes and layers', () => {
    expect(inspectionText(inspection, makeTheme(false)).split('\n')).toEqual([
      "'my-app'  152.3 MB on the engine",
      '',
      '  ID          sha256:1111',
      '  Platform    linux/amd64',
      '  Target      linux/amd64, debian 12',
      '  Run image   run:12',
      '  Top layer   sha256:2222',
      '  Run images  run:12, mirror/run:12',
      '  Rebasable   yes',
      '  SBOM        no',
      '',
      'Buildpacks',
      '  ID        VERSION  HOMEPAGE',
      '  cnb/node  0.1.0    https://example.com',
      '',
      'Processes',
      '  TYPE           COMMAND  ARGS       WORK DIR',
      '  web (default)  node     server.js  /workspace',
      '',
      'Layers',
      '     SIZE  WHAT       MADE BY         DIFF ID',
      '  32.6 MB  run image                  abababababab',
      '        ?  node       cnb/node@0.1.0  cdcdcdcdcdcd',
    ])
  })

  it('shows media type, platforms and compressed sizes for an image in a registry', () => {
    const { size: _size, layers, ...same } = inspection
    const remote: ImageInspection = {
      ...same,
      source: 'registry',
      id: 'r.example/my-app@sha256:3333',
      digest: 'sha256:3333',
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      index: {
        digest: 'sha256:4444',
        mediaType: 'application/vnd.oci.image.index.v1+json',
        platforms: [{ platform: 'linux/amd64', digest: 'sha256:3333' }, { platform: 'linux/arm64', digest: 'sha256:5555' }],
      },
      compressedSize: 60_000_000,
      layers: layers.map(({ diffId, name }) => ({ diffId, name, compressedSize: 30_000_000, digest: `sha256:${'ef'.repeat(32)}` })),
    }
    const lines = inspectionText(remote, makeTheme(false)).split('\n')
    expect(lines.slice(0, 7)).toEqual([
      "'my-app'  60.0 MB compressed, in its registry",
      '',
      '  ID          r.example/my-app@sha256:3333',
      '  Media type  application/vnd.oci.image.manifest.v1+json',
      '  Platform    linux/amd64',
      '  Also for    linux/arm64',
      '  Index       sha256:4444',
    ])
    expect(lines.slice(-3)).toEqual([
      '  COMPRESSED  WHAT       DIFF ID       DIGEST',
      '     30.0 MB  run image  abababababab  efefefefefef',
      '     30.0 MB  node       cdcdcdcdcdcd  efefefefefef',
    ])
    expect(inspectionText({ ...remote, source: 'layout' }, makeTheme(false))).toMatch(/^'my-app' {2}60\.0 MB compressed, in the layout$/m)
  })

  it('shows none for empty sections', () => {
    const text = inspectionText({ ...inspection, buildpacks: [], processes: [] }, makeTheme(false))
    expect(text).toContain('Buildpacks\n  none\n')
    expect(text).toContain('Processes\n  none\n')
  })

  it.each([
    ['engine', '  No default process; start one: docker run --rm --entrypoint worker my-app'],
    ['layout', undefined],
  ] as const)('shows how to start an image without a default process on an engine (%s)', (source, expected) => {
    const [web] = inspection.processes
    const lines = inspectionText({ ...inspection, source, processes: [{ ...web!, type: 'worker', default: false }] }, makeTheme(false)).split('\n')
    expect(lines[lines.indexOf('Processes') + 3] || undefined).toBe(expected)
  })

  it('removes control sequences from labels', () => {
    const evil = '\u001b]52;c;x\u0007\u001b[2J'
    const text = inspectionText(
      {
        ...inspection,
        stack: evil,
        baseImage: { reference: evil, topLayer: evil },
        buildpacks: [{ id: evil, version: evil, homepage: evil }],
        processes: [{ type: evil, shell: evil, command: evil, args: [evil], default: false, workingDir: evil }],
        mediaType: evil,
        index: { digest: evil, mediaType: evil, platforms: [{ platform: evil, digest: evil }] },
        layers: [{ diffId: evil, digest: evil, name: evil, buildpack: evil }],
      },
      makeTheme(false),
    )
    expect(text).not.toMatch(/[\u001b\u0007]/)
  })
})
