import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Running, startCnb, succeed } from '../../support/cnb.ts'
import { docker } from '../../support/engines/docker.ts'
import { watchEngine } from '../../support/engines/left-behind.ts'
import { USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

/** The build fails if the text says so, and waits if it says that. */
const script = `if grep -q broken text; then echo 'cannot build it'; exit 1; fi
if grep -q slow text; then echo 'building slowly'; trap '' TERM INT; sleep 1000 & wait; fi
${processes({ web: 'echo "serving $(cat text)"; while :; do sleep 0.05; done' })}`

let app: string
let command: string[]

// Image and caches exist before, so any addition afterwards is a leftover.
beforeAll(async () => {
  app = await bench.directory(appFiles(script, { text: 'zero' }))
  const image = bench.image()
  await succeed(['build', image, '--path', app, ...USING_BUILDER, '--default-process', 'web'])
  command = ['dev', image, '--path', app, ...USING_BUILDER, '--default-process', 'web', '--run-network', 'none']
})

/** Saves the text as editors do. */
async function save(text: string): Promise<void> {
  await writeFile(join(app, '.text.swp'), text)
  await rename(join(app, '.text.swp'), join(app, 'text'))
}

/** The session's first build replaces an image, as every build does. */
function besideImages(items: readonly string[]): string[] {
  expect(items.filter((item) => item.startsWith('image')).length).toBeLessThanOrEqual(1)
  return items.filter((item) => !item.startsWith('image'))
}

/** Returns the ID of the app's container: only it is in no network. */
async function runningApp(): Promise<string> {
  const app = await docker('ps', '--quiet', '--filter', 'label=dev.cnb.owner', '--filter', 'network=none', '--filter', 'status=running')
  expect(app).toMatch(/^\w+$/)
  return app
}

async function interrupt(running: Running): Promise<void> {
  running.signal('SIGINT')
  expect((await running.finished).code).toBe(130)
}

describe('cnb dev', () => {
  it('runs the app again after a change, keeps it if the build fails, and leaves nothing behind', async () => {
    await save('one')
    const leftBehind = await watchEngine()
    const running = startCnb(command)
    await running.line(/^\[app\] serving one$/)
    await save('two')
    await running.line(/^\[app\] serving two$/)
    const second = await runningApp()
    await save('broken')
    await running.line(/cannot build it/)
    await running.line(/^ERROR: .*build/i)
    expect(await runningApp()).toBe(second)
    await save('three')
    await running.line(/^\[app\] serving three$/)
    expect(await runningApp()).not.toBe(second)
    await interrupt(running)
    expect(besideImages(await leftBehind())).toEqual([])
  })

  it.each([
    ['while it builds', 'slow', /building slowly/],
    ['while it waits', 'four', /waiting for changes/],
    ['before it builds', 'five', /./],
  ])('leaves nothing behind after Ctrl-C %s', async (_moment, text, line) => {
    await save(text)
    const leftBehind = await watchEngine()
    const running = startCnb([...command, '--verbose'])
    await running.line(line)
    await interrupt(running)
    expect(besideImages(await leftBehind())).toEqual([])
  })

  it('prints events for programs', async () => {
    await save('six')
    const running = startCnb([...command, '--output', 'ndjson'])
    expect(JSON.parse(await running.line(/"app.line"/))).toEqual({ type: 'app.line', stream: 'stdout', line: 'serving six' })
    await interrupt(running)
  })
})
