/** The apps in fixtures/ with the sample builder: both drivers make one image, and it runs. */

import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { bothDrivers } from '../../support/engines/both-drivers.ts'
import { succeed } from '../../support/cnb.ts'
import { imageId, inspectImage } from '../../support/engines/docker.ts'
import { serve } from '../../support/registry/http.ts'
import { OUTSIDE } from '../../support/outside.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

const APPS = join(import.meta.dirname, '../../../fixtures/apps')
const SAMPLE = ['--builder', 'cnb-sample/builder', '--pull-policy', 'never']

describe.each(['node-web', 'procfile', 'go-web'])('%s', (app) => {
  it('#60 builds one image with both drivers and in a rebuild, and the image serves its page', async () => {
    const both = bothDrivers(bench)
    const image = await both(join(APPS, app), ...SAMPLE, ...OUTSIDE)
    const { Id, Config } = await inspectImage(image)
    expect(Config.User).toBe('1002:1000')
    expect(await pageOf(image)).toContain(app)
    await both(join(APPS, app), ...SAMPLE, ...OUTSIDE)
    expect(await imageId(image)).toBe(Id)
    expect((await succeed(['inspect', image])).stdout).toMatch(new RegExp(`cnb/${app.replace('-web', '')}`))
  })
})

async function pageOf(image: string): Promise<string> {
  await using server = await serve(image)
  const response = await server.get('/')
  expect(response.status).toBe(200)
  return await response.text()
}
