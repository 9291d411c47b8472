import { expect, it } from 'vitest'
import { CnbError } from '../../../../../src/base/errors.ts'
import { buildMarkdown } from '../../../../../src/cli/commands/reports/build-markdown.ts'
import { rebaseMarkdown } from '../../../../../src/cli/commands/reports/rebase-markdown.ts'
import type { BuildResult } from '../../../../../src/operations/build/build-result.ts'
import type { BuildChanges } from '../../../../../src/operations/diff/changes-of-build.ts'

const RESULT: BuildResult = {
  image: 'app:latest', tags: ['app:1'], places: ['engine'], id: 'sha256:1', reference: 'sha256:1', builder: 'builder', runImage: 'run', platformApi: '0.15',
  buildpacks: [{ id: 'a/b', version: '1|<b>' }], processes: [], phases: [{ phase: 'builder', durationMs: 2000 }], durationMs: 3000, reason: 'changed: <app>',
}
const layer = (name: string, size: number) => ({ maker: 'buildpack', name, buildpack: 'a/b@1', diffId: `sha256:${name}`, size }) as unknown as BuildChanges['layers'][number]
const LAYERS: BuildChanges['layers'] = [{ ...layer('run', 1000), maker: 'run image' }, layer('modules', 2000)]

it('shows the facts and the layers of a first build', () => {
  const text = buildMarkdown(RESULT, [{ platform: undefined, changes: { layers: LAYERS, packages: 12, diff: undefined } }])
  expect(text.split('\n')).toEqual([
    '### Built `app:latest` in 3.0s', '', '|  |  |', '|---|---|', '| Image | `sha256:1` |', '| Also named | `app:1` |', '| Saved to | `engine` |',
    '| Reason | changed: &lt;app> |', '| Run image | `run` |', '| Buildpacks | `a/b@1\\|<b>` |', '| Layers | 2 (3.0 kB) |', '| SBOM | 12 packages |', '',
    '| phase | time |', '|---|---|', '| `builder` | 2.0s |', '', '**Layers above the run image**', '', '| layer | size |', '|---|---|', '| `a/b@1: modules` | 2.0 kB |',
  ])
})

it('shows what changed since the last image, without the labels', () => {
  const diff = {
    from: { image: 'app', id: '1' }, to: { image: 'app', id: '2' }, identical: false, runImage: [], buildpacks: [], extensions: [], processes: [], environment: [],
    settings: [{ name: 'user', change: 'changed', from: '1', to: '2' }], labels: [{ name: 'label', change: 'added', to: 'x' }],
    packages: [{ name: 'npm/x', change: 'changed', from: '1', to: '2' }],
    layers: [
      { name: 'run image', change: 'reused', from: { diffId: 'sha256:r', size: 1000 }, to: { diffId: 'sha256:r', size: 1000 } },
      { name: 'modules', change: 'changed', from: { diffId: 'sha256:a', size: 10 }, to: { diffId: 'sha256:b', size: 20 } },
      { name: 'old', change: 'removed', from: { diffId: 'sha256:c', size: 5 } },
    ],
  } as unknown as NonNullable<BuildChanges['diff']>
  const text = buildMarkdown({ ...RESULT, unchanged: true }, [{ platform: 'linux/arm64', changes: { layers: LAYERS, packages: undefined, diff } }])
  expect(text).toContain('### Unchanged `app:latest`')
  expect(text).toContain('| Layers (linux/arm64) | 1 new (20 B), 1 reused (1.0 kB) |')
  expect(text).toContain('| SBOM (linux/arm64) | none |')
  expect(text).toContain('**Since the last image (linux/arm64)**: different: layers 1 removed, 1 changed, 1 reused; +5 B')
  expect(text).toContain('| changed | `npm/x` | `1` | `2` |')
  expect(text).not.toMatch(/\*\*(Labels|Settings)\*\*/)
})

it('shows the phases of each platform', () => {
  const { phases, ...one } = RESULT
  const images = ['linux/amd64', 'linux/arm64'].map((platform) => ({ ...one, phases, platform }))
  const text = buildMarkdown({ ...RESULT, phases: [], images }, [{ platform: 'linux/amd64', changes: undefined }])
  expect(text).toContain('| `linux/amd64: builder` | 2.0s |\n| `linux/arm64: builder` | 2.0s |')
})

it('lists failed rebases first', () => {
  const error = new CnbError('CNB_IMAGE_NOT_FOUND', 'no <image>')
  const summary = { total: 2, failed: 1, rebased: 1, outdated: 0, skipped: 0, unchanged: 0, durationMs: 1000 }
  const images = [{ image: 'a', status: 'rebased', durationMs: 1, runImage: 'run', reference: 'a@sha256:1' }, { image: 'b', status: 'failed', durationMs: 1, error }] as const
  expect(rebaseMarkdown({ images, summary }).split('\n')).toEqual([
    '### Rebase of 2 images in 1.0s: 1 failed, 1 rebased', '', '| image | result | run image | detail |', '|---|---|---|---|',
    '| `b` | failed |  | `CNB_IMAGE_NOT_FOUND` no &lt;image> |', '| `a` | rebased | `run` | `a@sha256:1` |',
  ])
})
