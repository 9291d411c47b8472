import { expect, onTestFinished, test, vi } from 'vitest'
import { json, startEngineServer } from './engine-server.ts'

test('waits for the measurement of another program, and ignores volumes of unknown size', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true, advanceTimeDelta: 100 })
  onTestFinished(() => void vi.useRealTimers())
  let asked = 0
  const volumes = [{ Name: 'a', UsageData: { Size: 5 } }, { Name: 'b', UsageData: { Size: -1 } }, { Name: 'c' }, { UsageData: { Size: 1 } }, 'nonsense']
  await using server = await startEngineServer({
    'GET /system/df': (response, request) => (++asked === 1 ? json({ message: 'a disk usage operation is already running' }, 409) : json({ Volumes: volumes }))(response, request),
  })
  expect([...(await server.engine.volumes.sizes())]).toEqual([['a', 5]])
  expect(asked).toBe(2)
})

test('reports any other refusal', async () => {
  await using server = await startEngineServer({ 'GET /system/df': json({ message: 'no' }, 500) })
  await expect(server.engine.volumes.sizes()).rejects.toMatchObject({ code: 'CNB_ENGINE_FAILED', message: 'cannot measure volumes: no' })
})
