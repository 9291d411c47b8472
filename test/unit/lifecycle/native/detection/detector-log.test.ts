import { expect, test } from 'vitest'
import { DetectorLog } from '../../../../../src/lifecycle/native/detection/detector-log.ts'

function read(...lines: string[]): DetectorLog {
  const log = new DetectorLog(new Set(['a/x', 'a/y', 'a/ext']))
  for (const line of lines) log.add(line)
  return log
}

test('reads the results of each group with exit codes and reasons', () => {
  const log = read(
    '\u001b[34m======== Output: a/x@1 ========\u001b[0m', 'no package.json', 'in the app', '======== Error: a/y@2 ========', 'exit status 3',
    '======== Results ========', 'fail: a/x@1', 'err:  a/y@2 (3)', 'skip: a/ext@1',
    '======== Output: a/x@1 ========', 'no package.json', 'in the app', '======== Results ========', 'pass: a/x@1', 'pass: a/y@2', 'Resolving plan... (try #1)', 'fail: a/y@2 requires node',
    '======== Results ========', 'pass: a/ext@1', 'fail: no viable buildpacks in group',
  )
  expect(log.groups).toEqual([
    { modules: [{ id: 'a/x', version: '1', result: 'fail', exitCode: 100 }, { id: 'a/y', version: '2', result: 'error', exitCode: 3 }, { id: 'a/ext', version: '1', result: 'skip', exitCode: 100 }] },
    { modules: [{ id: 'a/x', version: '1', result: 'pass', exitCode: 0 }, { id: 'a/y', version: '2', result: 'fail', exitCode: 0, reason: 'requires node' }] },
    { modules: [{ id: 'a/ext', version: '1', result: 'pass', exitCode: 0 }], reason: 'no viable buildpacks in group' },
  ])
  expect(log.outputs).toEqual([{ module: 'a/x@1', lines: ['no package.json', 'in the app'], omitted: 0 }, { module: 'a/y@2', lines: ['exit status 3'], omitted: 0 }])
})

test('ignores modules that the build does not have', () => {
  const log = read('======== Output: evil@1 ========', 'x', '======== Results ========', 'pass: evil@1', 'pass: a/x@1', 'fail: evil@1 requires x')
  expect(log.groups).toEqual([{ modules: [{ id: 'a/x', version: '1', result: 'pass', exitCode: 0 }] }])
  expect(log.outputs).toEqual([])
})

test('counts the lines after the first 50', () => {
  const log = read('======== Output: a/x@1 ========', ...Array.from({ length: 60 }, (_, index) => `line ${index}`))
  expect(log.outputs).toMatchObject([{ omitted: 10 }])
  expect(log.outputs[0]?.lines).toHaveLength(50)
})

test('keeps at most 1000 groups of 1000 modules', () => {
  const log = read(...Array.from({ length: 1001 }, () => '======== Results ========'), ...Array.from({ length: 1001 }, () => 'pass: a/x@1'))
  expect([log.groups.length, log.groups.at(-1)?.modules.length]).toEqual([1000, 1000])
})
