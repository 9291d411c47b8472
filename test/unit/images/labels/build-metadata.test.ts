import { expect, test } from 'vitest'
import { readBuildMetadata } from '../../../../src/images/labels/build-metadata.ts'

const read = (label: unknown) => readBuildMetadata({ reference: 'my/app', labels: { 'io.buildpacks.build.metadata': JSON.stringify(label) } })

test('reads the label of Platform API 0.15', () => {
  const metadata = read({
    buildpacks: [{ id: 'a/b', version: '1', homepage: 'https://example.com' }, { id: 'c', version: '2' }],
    launcher: { version: '0.21.0', source: { git: { repository: '', commit: '' } } },
    processes: [{ type: 'web', command: ['node', '-r'], args: null, direct: true, default: true, buildpackID: 'a/b', 'working-dir': '/x' }],
  })
  expect(metadata).toEqual({
    buildpacks: [{ id: 'a/b', version: '1', homepage: 'https://example.com' }, { id: 'c', version: '2' }],
    extensions: [],
    processes: [{ type: 'web', command: ['node', '-r'], args: [], direct: true, default: true, buildpackId: 'a/b', workingDir: '/x' }],
    launcherVersion: '0.21.0',
  })
})

test('reads a command in a single string, as before Platform API 0.10', () => {
  const metadata = read({ bom: null, buildpacks: null, processes: [{ type: 'web', command: 'npm start', args: ['x'], direct: false, buildpackID: '' }] })
  expect(metadata?.processes).toEqual([
    { type: 'web', command: ['npm start'], args: ['x'], direct: false, default: false, buildpackId: '', workingDir: '' },
  ])
})

test('rejects a wrong type with its position', () => {
  expect(() => read({ processes: [{ type: 'web', command: 7 }] })).toThrow("metadata.processes[0].command' must be a string, not a number")
})
