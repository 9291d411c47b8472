import { expect, test } from 'vitest'
import { layerSizesText } from '../../../../src/cli/commands/layer-sizes-text.ts'
import type { LayerSizes } from '../../../../src/operations/inspect/layer-sizes.ts'
import { visibleLength } from '../../../../src/ui/sanitize.ts'
import { makeTheme } from '../../../../src/ui/theme.ts'

const diffId = `sha256:${'ab'.repeat(32)}`
const sizes: LayerSizes = {
  image: 'my-app', source: 'engine', id: 'sha256:1', platform: 'linux/amd64', size: 100_000_000, builtByBuildpacks: true,
  makers: [
    { kind: 'run image', name: 'run:12', size: 70_000_000, share: 0.7, layers: [{ name: 'first', diffId, size: 60_000_000 }, { name: 'second \u001b[2J\n step', diffId, size: 10_000_000 }] },
    { kind: 'buildpack', name: 'cnb/node@1.0', size: 29_950_000, share: 0.2995, layers: [{ name: 'node', diffId, size: 29_950_000 }] },
    { kind: 'app', name: 'app', size: 50_000, share: 0.0005, layers: [{ name: 'app', diffId, size: 50_000 }] },
    { kind: 'config', name: 'config', layers: [{ name: 'config', diffId }] },
  ],
}

test('prints a plain table without a terminal', () => {
  expect(layerSizesText(sizes, makeTheme(false)).split('\n')).toEqual([
    "'my-app'  100.0 MB on the engine",
    '',
    '     SIZE  SHARE  MADE BY             DIFF ID',
    '  70.0 MB  70.0%  run:12',
    '  60.0 MB           first             abababababab',
    '  10.0 MB           second step       abababababab',
    '  29.9 MB  29.9%  cnb/node@1.0: node  abababababab',
    '  50.0 kB   0.1%  app                 abababababab',
    '        ?         config              abababababab',
  ])
})

test('draws bars on a terminal, the thinnest one for a small share', () => {
  const lines = layerSizesText(sizes, makeTheme(false, 80)).split('\n')
  expect(lines.slice(3, 4).concat(lines.slice(6, 8)).map((line) => /[█▏▎▍▌▋▊▉]+/.exec(line)?.[0])).toEqual(['███████████▎', '████▊', '▏'])
  expect(Math.max(...lines.map(visibleLength))).toBeLessThanOrEqual(80)
})

test('fits a narrow terminal, without bars', () => {
  const long = { ...sizes, makers: sizes.makers.map((maker) => ({ ...maker, name: maker.name.padEnd(200, 'x') })) }
  const text = layerSizesText(long, makeTheme(false, 40))
  expect(text).not.toContain('█')
  expect(Math.max(...text.split('\n').map(visibleLength))).toBeLessThanOrEqual(40)
})

test('says that the names of other images are those of the history', () => {
  const text = layerSizesText({ ...sizes, builtByBuildpacks: false, makers: [{ kind: 'step', name: '/bin/sh -c  apt-get', size: 1, share: 1, layers: [{ name: 'x', diffId, size: 1 }] }] }, makeTheme(false))
  expect(text).toContain('HISTORY')
  expect(text).toContain('/bin/sh -c apt-get')
  expect(text.split('\n').at(-1)).toContain('Not built by buildpacks')
})
