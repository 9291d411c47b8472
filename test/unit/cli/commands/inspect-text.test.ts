import { describe, expect, it } from 'vitest'
import { inspectionText } from '../../../../src/cli/commands/inspect-text.ts'
import type { ImageInspection } from '../../../../src/operations/inspect.ts'
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
  it('tells what the image is made of', () => {
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

  it('says so where there is nothing', () => {
    const text = inspectionText({ ...inspection, buildpacks: [], processes: [] }, makeTheme(false))
    expect(text).toContain('Buildpacks\n  none\n')
    expect(text).toContain('Processes\n  none\n')
  })

  it('lets no label of the image write to the terminal', () => {
    const evil = '\u001b]52;c;x\u0007\u001b[2J'
    const text = inspectionText(
      {
        ...inspection,
        stack: evil,
        baseImage: { reference: evil, topLayer: evil },
        buildpacks: [{ id: evil, version: evil, homepage: evil }],
        processes: [{ type: evil, shell: evil, command: evil, args: [evil], default: false, workingDir: evil }],
        layers: [{ diffId: evil, name: evil, buildpack: evil }],
      },
      makeTheme(false),
    )
    expect(text).not.toMatch(/[\u001b\u0007]/)
  })
})
