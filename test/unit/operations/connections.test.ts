import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { exists } from '../../../src/operations/connections.ts'

it('finds a process until it has ended', async () => {
  const child = spawn('cat')
  const { pid = 0 } = child
  expect([exists(process.pid), exists(1), exists(pid)]).toEqual([true, true, true])
  child.stdin.end()
  await once(child, 'close')
  expect(exists(pid)).toBe(false)
})
