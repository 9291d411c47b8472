/** `cnb cache`: on a real engine, with builds before, during and after a prune. */

import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { BuildResult } from '../../../src/operations/build/build-result.ts'
import { runCnb, startCnb, succeedJson } from '../../support/cnb.ts'
import { docker } from '../../support/engines/docker.ts'
import { USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

// Another key than that of other tests: their caches belong to another user.
const env = { CNB_CACHE_DIR: join(bench.path, 'cache'), PACK_VOLUME_KEY: bench.image() }
let app: string
beforeAll(async () => void (app = await bench.directory(appFiles(`${processes({ web: 'true' })}
mkdir -p "$1/made"
[ -e "$1/made/file" ] || echo made >"$1/made/file"
echo '[types]
launch = true
cache = true' >"$1/made.toml"
if [ -n "\${WAIT:-}" ]; then echo waiting; sleep 1000; fi`))))

interface Listed {
  images: { image: string; own: boolean; inUse: boolean; lastUsed: string; volumes: { name: string }[] }[]
}
interface Removed {
  images: { image: string; volumes: unknown[] }[]
  kept: { image: string; reason: string }[]
}

const build = (image: string): Promise<BuildResult> => succeedJson<BuildResult>(['build', image, '--path', app, ...USING_BUILDER], { env })
const prune = (...options: string[]): Promise<Removed> => succeedJson<Removed>(['cache', 'prune', '--force', ...options], { env })
const listed = async (): Promise<Listed['images']> => (await succeedJson<Listed>(['cache', 'ls'], { env })).images.filter(({ own }) => own)

it('removes the caches of this user only, and the next build makes the same image', async () => {
  const [image, foreign] = [bench.image(), `cnb-cache-${bench.image().replace('/', '_')}_latest-0123456789ab.layers`]
  const { id } = await build(image)
  const [cache, ...others] = await listed()
  expect(others).toEqual([])
  expect(cache).toMatchObject({ image: `${image}:latest`, inUse: false })
  expect(Date.now() - Date.parse(cache?.lastUsed ?? '')).toBeLessThan(60 * 60 * 1000)
  await docker('volume', 'create', foreign)
  await docker('volume', 'create', '--label', 'dev.cnb.cache=true', `${foreign}x`)
  const dry = await runCnb(['cache', 'prune', '--all', '--dry-run'], { env })
  expect(dry).toMatchObject({ code: 3, stdout: expect.stringMatching(/Would remove 1 cache with \d volumes, /) as string })
  expect((await prune('--all')).images).toMatchObject([{ image: `${image}:latest`, volumes: cache?.volumes.map(({ name }) => ({ name })) }])
  expect(await listed()).toEqual([])
  expect((await docker('volume', 'ls', '--quiet', '--filter', `name=${foreign}`)).trim().split('\n').sort()).toEqual([foreign, `${foreign}x`])
  expect((await build(image)).id).toBe(id)
  await docker('volume', 'rm', foreign, `${foreign}x`)
})

it('leaves the cache of a build that runs', async () => {
  const image = bench.image()
  await build(image)
  const running = startCnb(['build', image, '--path', app, ...USING_BUILDER, '--env', 'WAIT=1'], { env })
  await running.line(/waiting/)
  expect((await listed()).find((cache) => cache.image === `${image}:latest`)?.inUse).toBe(true)
  expect(await prune(image)).toMatchObject({ images: [], kept: [{ image: `${image}:latest`, reason: 'a build uses it' }] })
  running.signal('SIGINT')
  await running.finished
  expect((await prune(image)).images.length).toBe(1)
})

it('makes the same image in builds during which caches are removed', async () => {
  const image = bench.image()
  const { id } = await build(image)
  for (let round = 0; round < 3; round++) {
    const [built] = await Promise.all([build(image), ...Array.from({ length: 3 }, () => prune(image))])
    expect(built.id).toBe(id)
  }
})
