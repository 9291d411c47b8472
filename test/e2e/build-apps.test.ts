import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { BuildResult } from '../../src/operations/build.ts'
import { succeed, succeedJson } from '../support/cnb.ts'
import { inspectImage } from '../support/docker.ts'
import { serve } from '../support/http.ts'
import { OUTSIDE } from '../support/outside.ts'
import { makeWorkbench } from '../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

const APPS = join(import.meta.dirname, '../../fixtures/apps')
const flows = [['trusted', ['--trust-builder']], ['untrusted', []]] as const

/** Builds a fixture with the sample builder. */
function build(image: string, app: string, options: readonly string[]): Promise<BuildResult> {
  return succeedJson<BuildResult>(['build', image, '--path', join(APPS, app), '--builder', 'cnb-sample/builder', '--pull-policy', 'never', ...options])
}

async function pageOf(image: string): Promise<string> {
  await using server = await serve(image)
  const response = await server.get('/')
  expect(response.status).toBe(200)
  return await response.text()
}

describe.each(['node-web', 'go-web'])('%s', (app) => {
  it('is built, serves its page, and is the same image again, also in the other flow', async () => {
    const image = bench.image()
    const { id } = await build(image, app, OUTSIDE)
    expect(await pageOf(image)).toContain(app)
    expect((await build(image, app, OUTSIDE)).id).toBe(id)
    expect((await build(image, app, [...OUTSIDE, '--trust-builder'])).id).toBe(id)
  })
})

describe.each(flows)('procfile (%s)', (_flow, flow) => {
  it('is built and serves its page', async () => {
    const image = bench.image()
    const { buildpacks } = await build(image, 'procfile', flow)
    expect(buildpacks.map(({ id }) => id)).toContain('cnb/procfile')
    expect(await pageOf(image)).not.toBe('')
  })
})

describe('an image of the sample builder', () => {
  it('runs as the run image user, not as root', async () => {
    const image = bench.image()
    await build(image, 'procfile', [])
    expect((await inspectImage(image)).Config.User).toBe('1002:1000')
  })

  it('is inspected for people', async () => {
    const image = bench.image()
    await build(image, 'procfile', [])
    expect((await succeed(['inspect', image])).stdout).toContain('cnb/procfile')
  })
})
