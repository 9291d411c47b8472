import { expect, test } from 'vitest'
import { readLauncherVersion } from '../../../../../src/lifecycle/native/export/launcher-version.ts'

const REPOSITORY = 'github.com/buildpacks/lifecycle'

test.each([
  ['0.21.0+5bd7d61\n', { version: '0.21.0', repository: REPOSITORY, commit: '5bd7d61' }],
  ['0.21.0-rc.1+5bd7d61', { version: '0.21.0-rc.1', repository: REPOSITORY, commit: '5bd7d61' }],
  ['0.20.13-5+5bd7d61', { version: '0.20.13-5+5bd7d61', repository: REPOSITORY, commit: '5bd7d61' }],
  ['0.21.0\n', { version: '0.21.0', repository: '', commit: '' }],
  ['1.0.0+local build', { version: '1.0.0+local build', repository: '', commit: '' }],
  ['', { version: '', repository: '', commit: '' }],
])('parses %j', (printed, expected) => {
  expect(readLauncherVersion(printed)).toEqual(expected)
})
