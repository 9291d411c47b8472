/** From a change of an app to its answer: `cnb dev`, and a stock build with a new container. */

import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Running, startCnb, succeed } from '../support/cnb.ts'
import { docker } from '../support/engines/docker.ts'
import { OUTSIDE } from '../support/outside.ts'
import { measureCnb } from './measure.ts'
import type { Scenario } from './scenarios.ts'

const FIXTURE = join(import.meta.dirname, '../../fixtures/apps/node-web')
/** OUTSIDE is made before the engine is chosen, so the network is here. */
const BUILDING = ['--builder', 'cnb-sample/builder', '--pull-policy', 'never', ...OUTSIDE, '--network', 'host']
const STOCK = ['--lifecycle', 'stock', '--trust-builder']
const PORTS = { native: 18_470, creator: 18_471 }
const LIMIT_MS = 60_000

/** One line of the node-web fixture changes. Each tool has its own copy and image; the first builds are not measured. */
export function devLoop(title: string): Scenario {
  const apps = { native: '', creator: '' }
  const images = { native: '', creator: '' }
  const container = 'cnb-bench-dev'
  let session: Running | undefined
  let count = 0

  const answers = async (port: number, text: string): Promise<void> => {
    for (const limit = performance.now() + LIMIT_MS; ; ) {
      const page = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } }).then((reply) => reply.text(), () => '')
      if (page.includes(text)) return
      if (performance.now() > limit) throw new Error(`the app at ${port} does not answer with '${text}'`)
      await pause(5)
    }
  }
  const restart = async (): Promise<void> => {
    await docker('rm', '--force', container)
    await docker('run', '--detach', '--name', container, '--publish', `127.0.0.1:${PORTS.creator}:8080`, '--env', 'PORT=8080', images.creator)
  }
  return {
    title,
    withoutBuilder: true,
    ways: ['native', 'creator'],
    async prepare(bench) {
      for (const tool of this.ways as readonly ('native' | 'creator')[]) {
        apps[tool] = await bench.directory({})
        await cp(FIXTURE, apps[tool], { recursive: true })
        images[tool] = bench.image()
        await succeed(['build', images[tool], '--path', apps[tool], ...BUILDING, ...(tool === 'creator' ? STOCK : [])])
      }
      session = startCnb(['dev', images.native, '--path', apps.native, ...BUILDING, '--port', `${PORTS.native}:8080`])
      await answers(PORTS.native, 'node-web')
      await restart()
    },
    async measure(way) {
      const tool = way as 'native' | 'creator'
      const text = `change ${++count}`
      const page = join(apps[tool], 'page.html')
      const changed = (await readFile(page, 'utf8')).replace(/<h1>.*<\/h1>/, `<h1>${text}</h1>`)
      const start = performance.now()
      await writeFile(page, changed)
      if (tool === 'creator') {
        await measureCnb(['build', images.creator, '--path', apps.creator, ...BUILDING, ...STOCK])
        await restart()
      }
      await answers(PORTS[tool], text)
      const wallMs = performance.now() - start
      // The next change comes when the session waits for it.
      if (tool === 'native') await pause(1000)
      return { wallMs }
    },
    async end() {
      session?.signal('SIGINT')
      await session?.finished
      await docker('rm', '--force', container)
    },
  }
}
