import { expect, it } from 'vitest'
import { dev } from '../../../../src/operations/dev/dev.ts'

it('reports an app that cannot be watched instead of waiting for its changes', async () => {
  const services = { host: { cwd: '/', env: {} } } as never
  const running = dev({ build: { image: 'app', path: '/does/not/exist' }, app: {}, args: [] }, services, { output: () => ({}), kill: new AbortController().signal }, {})
  await expect(running).rejects.toMatchObject({ code: 'CNB_APP_INVALID' })
})
