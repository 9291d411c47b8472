import { describe, expect, it } from 'vitest'
import { builderText } from '../../../../../src/cli/commands/builder/inspect-text.ts'
import type { BuilderInspection } from '../../../../../src/operations/builder/inspect-builder.ts'
import { makeTheme } from '../../../../../src/ui/theme.ts'

const inspection: BuilderInspection = {
  builder: 'my-builder',
  source: 'engine',
  id: 'sha256:1111',
  platform: 'linux/arm64',
  size: 113_900_000,
  createdBy: { name: 'cnb', version: '' },
  trusted: false,
  user: { uid: 1001, gid: 1000 },
  lifecycle: {
    version: '0.21.0',
    buildpackApis: { deprecated: ['0.7'], supported: ['0.7', '0.11'] },
    platformApis: { deprecated: [], supported: ['0.12'] },
  },
  runImages: [{ image: 'run', mirrors: ['mirror/run'] }],
  buildpacks: [{ id: 'a', version: '1', name: 'A' }],
  order: [{ buildpacks: [{ id: 'a', version: '1', groups: [{ buildpacks: [{ id: 'b', optional: true }, { id: 'a', cyclic: true }] }] }] }],
  extensions: [],
  orderExtensions: [],
  layers: [{ diffId: `sha256:${'ab'.repeat(32)}`, size: 1000, name: 'order.toml' }],
}

describe('builderText', () => {
  it('shows lifecycle, run images, buildpacks and order', () => {
    expect(builderText(inspection, makeTheme(false)).split('\n')).toEqual([
      "'my-builder'  113.9 MB on the engine",
      '',
      '  ID              sha256:1111',
      '  Platform        linux/arm64',
      '  Created by      cnb',
      '  Trusted         no',
      '  Build user      1001:1000',
      '  Lifecycle       0.21.0',
      '  Buildpack APIs  0.7, 0.11 (deprecated: 0.7)',
      '  Platform APIs   0.12',
      '',
      'Run images',
      '  run',
      '  mirror/run (mirror)',
      '',
      'Buildpacks',
      '  ID  VERSION  NAME',
      '  a   1        A',
      '',
      'Detection order',
      '  └ Group 1',
      '    └ a@1',
      '      └ Group 1',
      '        ├ b (optional)',
      '        └ a (cyclic)',
      '',
      'Layers',
      '    SIZE  WHAT        DIFF ID',
      '  1.0 kB  order.toml  abababababab',
    ])
  })

  it('removes control sequences from labels', () => {
    const evil = '\u001b[2J\u0007'
    const text = builderText(
      {
        ...inspection,
        description: evil,
        createdBy: { name: evil, version: evil },
        runImages: [{ image: evil, mirrors: [evil] }],
        buildpacks: [{ id: evil, version: evil, name: evil }],
        order: [{ buildpacks: [{ id: evil, version: evil }] }],
      },
      makeTheme(false),
    )
    expect(text).not.toMatch(/[\u001b\u0007]/)
  })
})
