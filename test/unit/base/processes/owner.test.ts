import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { processExists } from '../../../../src/base/processes/owner.ts'

it('finds a process until it has ended', async () => {
  const child = spawn('cat')
  const { pid = 0 } = child
  expect([processExists(process.pid), processExists(1), processExists(pid)]).toEqual([true, true, true])
  child.stdin.end()
  await once(child, 'close')
  expect(processExists(pid)).toBe(false)
})
