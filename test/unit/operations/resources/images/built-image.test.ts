import { beforeEach, describe, expect, test } from 'vitest'
import { BASES, openResourceBench, yamlOf, type ResourceBench } from '../resource-bench.ts'

let bench: ResourceBench
beforeEach(async () => {
  bench = await openResourceBench()
})

async function built(cache: string): Promise<string | undefined> {
  const { failures } = await bench.apply(yamlOf(BASES, bench.image('shop', { more: `  cache: {registry: {tag: ${cache}}}` })))
  expect(failures).toEqual([])
  return (await bench.buildsOf('shop'))[0]?.status?.latestCacheImage
}

describe('the status of a build', () => {
  test('has the cache image', async () => {
    const digest = bench.put({ name: 'registry.example/cache', layers: ['x:1'], labels: {} })
    expect(await built('registry.example/cache')).toBe(`registry.example/cache@${digest}`)
  })

  test('has no cache image if the build made none', async () => {
    expect(await built('registry.example/none')).toBeUndefined()
    expect(bench.warnings).toEqual([])
  })

  test('has a warning if the cache image cannot be read', async () => {
    bench.put({ name: 'registry.example/cache', layers: ['x:1'], labels: {} })
    bench.registry.intercept = ({ url = '' }, response) => {
      if (!url.includes('cache')) return false
      response.writeHead(403).end()
      return true
    }
    expect(await built('registry.example/cache')).toBeUndefined()
    expect(bench.warnings).toEqual([expect.stringContaining("cannot read the cache image 'registry.example/cache', so the status of the build does not name it: ")])
  })
})
