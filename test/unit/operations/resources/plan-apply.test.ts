/** Plans and the applications that follow agree, for any changes in any order. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { triggerImage } from '../../../../src/operations/resources/trigger.ts'
import { BASES, openResourceBench, yamlOf, type ResourceBench } from './resource-bench.ts'

/** The content of the files. Each number is a value that a change replaces. */
interface Files {
  env: number
  process: number
  tags: boolean
  cache: boolean
  secret: number
  order: 'id: test/java}' | 'id: test/java, version: "1"}' | 'id: test/absent}'
  images: string[]
}

function yaml({ env, process, tags, cache, secret, order, images }: Files, bench: ResourceBench): string {
  const more = [
    `  defaultProcess: web${process}`,
    `  cache: ${cache ? '{registry: {tag: registry.example/cache}}' : '{volume: {size: 1Gi}}'}`,
    `  build: {env: [{name: A, value: "${env}"}]}`,
    ...(tags ? ['  additionalTags: [registry.example/shop:stable]'] : []),
  ].join('\n')
  const account = `apiVersion: v1
kind: Secret
metadata: {name: registry, namespace: default, annotations: {kpack.io/docker: registry.example}}
type: kubernetes.io/basic-auth
stringData: {username: me, password: "p${secret}"}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default, namespace: default}
secrets: [{name: registry}]`
  return yamlOf(BASES.replace('id: test/java}', order), account, ...images.map((name) => bench.image(name, { more: name === 'shop' ? more : '' })))
}

/** Changes of the files, and of the world around them. */
const CHANGES: Readonly<Record<string, (files: Files, bench: ResourceBench, step: number) => unknown>> = {
  nothing: () => {},
  source: (_files, { repository }, step) => repository.commit('app.js', `serve(${step})`),
  env: (files, _bench, step) => (files.env = step),
  process: (files, _bench, step) => (files.process = step),
  tags: (files) => (files.tags = !files.tags),
  cache: (files) => (files.cache = !files.cache),
  secret: (files, _bench, step) => (files.secret = step),
  order: (files) => (files.order = files.order === 'id: test/java}' ? 'id: test/java, version: "1"}' : 'id: test/java}'),
  'a broken order': (files) => (files.order = 'id: test/absent}'),
  'another Image': (files) => (files.images = files.images.length === 1 ? ['shop', 'blog'] : ['shop']),
  'the run image': (_files, bench, step) => bench.patchRunImage(`patch ${step}`),
  'builds fail': (_files, bench) => (bench.make = () => Promise.reject(new Error('it broke'))),
  trigger: (_files, bench) => triggerImage({ name: 'shop' }, bench.store, bench.services, {}),
}

test('predicts the next application, after which there is nothing to do', async () => {
  const seen = new Set<string>()
  await fc.assert(fc.asyncProperty(fc.array(fc.constantFrom(...Object.keys(CHANGES)), { minLength: 6, maxLength: 6 }), async (names) => {
    const bench = await openResourceBench()
    const { make } = bench
    const files: Files = { env: 0, process: 0, tags: false, cache: false, secret: 0, order: 'id: test/java}', images: ['shop'] }
    await bench.apply(yaml(files, bench))
    for (const [step, name] of names.entries()) {
      await CHANGES[name]!(files, bench, step + 1)
      const text = yaml(files, bench)
      const planned = await bench.plan(text)
      const before = bench.builds.length
      const applied = await bench.apply(text)
      const expected = planned.resources.filter(({ action }) => !['create', 'configure', 'none', 'unknown'].includes(action)).map(({ kind, name: of, action, reason }) => `${kind} ${of} ${action} ${reason}`)
      const done = applied.resources.flatMap(({ kind, name: of, action, build, latestImage }) => (action ? [`${kind} ${of} ${action} ${build?.reason ?? latestImage ?? ''}`] : []))
      expect(done.sort(), `plan of ${name}, step ${step} of ${names.join(', ')}`).toEqual(expected.sort())
      expect(bench.builds.length - before).toBe(done.filter((each) => each.includes(' build ')).length)
      expect(await bench.plan(text), `plan after ${name}, step ${step} of ${names.join(', ')}`).toMatchObject({ changes: false })
      for (const each of done) seen.add(each.split(' ')[2]!)
      bench.make = make
    }
  }), { numRuns: 4, seed: 16, examples: [[['tags', 'the run image', 'source', 'order']]] })
  // Otherwise the changes prove nothing.
  expect([...seen].sort()).toEqual(['build', 'publish', 'rebase', 'retag'])
}, 60_000)
