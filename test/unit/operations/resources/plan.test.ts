/** `cnb plan` and `cnb trigger`, with a registry and builds that are fakes. */

import { beforeEach, describe, expect, test } from 'vitest'
import { parseTriggered, triggerImage } from '../../../../src/operations/resources/trigger.ts'
import { BASES, openResourceBench, yamlOf, type ResourceBench } from './resource-bench.ts'

let bench: ResourceBench
beforeEach(async () => {
  bench = await openResourceBench()
})

const summary = async (yaml: string): Promise<string[]> => {
  const { resources } = await bench.plan(yaml)
  return resources.filter(({ kind }) => kind === 'Image').map(({ name, action, reason }) => `${name} ${action} ${reason}`.trim())
}

describe('a plan', () => {
  test('builds new resources, and changes neither the state nor the registry', async () => {
    const { resources, changes } = await bench.plan(yamlOf(BASES, bench.image('shop')))
    expect(changes).toBe(true)
    expect(resources.map(({ kind, name, action }) => `${kind} ${name} ${action}`)).toEqual([
      'ClusterLifecycle default-lifecycle create', 'ClusterStack base create', 'ClusterStore default create', 'Builder base create', 'Builder base publish', 'Image shop build',
    ])
    expect([bench.state.count, bench.builds.length]).toEqual([0, 0])
    expect(bench.registry.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([])
  })
  test('has nothing to do after an application, with and without files', async () => {
    const yaml = yamlOf(BASES, bench.image('shop'))
    await bench.apply(yaml)
    expect(await bench.plan(yaml)).toMatchObject({ changes: false, resources: [{ kind: 'Image', action: 'none' }] })
    expect(await bench.plan('')).toMatchObject({ changes: false })
  })
  test('predicts the next application', async () => {
    const yaml = yamlOf(BASES, bench.image('shop'), bench.image('blog'))
    await bench.apply(yaml)
    bench.repository.commit('app.js', 'serve(2)')
    expect(await summary(yaml)).toEqual(['blog build COMMIT', 'shop build COMMIT'])
    await bench.apply(yaml)
    bench.patchRunImage('patched')
    expect(await summary(yaml)).toEqual(['blog rebase STACK', 'shop rebase STACK'])
    await bench.apply(yaml)
    const tagged = yamlOf(BASES, bench.image('shop', { more: '  additionalTags: [registry.example/shop:stable]' }))
    expect(await summary(tagged)).toEqual(['blog none', 'shop retag TAGS'])
    await bench.apply(tagged)
    expect((await bench.buildsOf('shop')).map(({ metadata }) => metadata.annotations?.['image.kpack.io/reason'])).toEqual(['CONFIG', 'COMMIT', 'STACK', 'TAGS'])
    expect(bench.registry.repository('shop').tags.get('stable')).toBe((await bench.imageOf('shop')).status?.latestImage?.split('@')[1])
    expect(await bench.plan(tagged)).toMatchObject({ changes: false })
  })
  test('names the cause of an unknown action', async () => {
    expect(await summary(bench.image('shop', { builder: 'absent' }))).toEqual(['shop unknown builder.kpack.io "absent" not found'])
    expect(await summary(yamlOf(BASES, bench.image('shop', { url: 'file:///nonexistent' })))).toEqual([expect.stringMatching(/^shop unknown .*nonexistent/)])
  })
  test('fails if something cannot be decided, and shows the rest', async () => {
    const { failures, changes } = await bench.plan(bench.image('shop', { builder: 'absent' }))
    expect([changes, failures.map(({ code, message }) => `${code} ${message}`)]).toEqual([false, ['CNB_NOT_READY cannot build Image default/shop: builder.kpack.io "absent" not found']])
    const yaml = yamlOf(BASES, bench.image('shop'))
    await bench.apply(yaml)
    bench.repository.commit('app.js', 'serve(2)')
    bench.outages.add('base/run')
    const plan = await bench.plan(yaml)
    expect(plan.failures.map(({ message }) => message)).toEqual(['cannot resolve ClusterStack base: cannot reach registry.example: connection refused'])
    expect(plan).toMatchObject({ changes: true, resources: [{ kind: 'ClusterStack', action: 'unknown' }, { name: 'shop', action: 'build', reason: 'COMMIT' }] })
  })
  test('shows that a build of a dead process is made again, and does not decide while another process builds', async () => {
    const yaml = yamlOf(BASES, bench.image('shop'))
    await bench.apply(yaml)
    const [build] = await bench.buildsOf('shop')
    await (await bench.resources()).writeStatus(build!, { ...build!.status, conditions: [{ type: 'Succeeded', status: 'Unknown' }] }, {})
    const before = bench.contents()
    expect(await summary(yaml)).toEqual(['shop build RETRY'])
    expect(bench.contents()).toEqual(before)
    await using _held = await bench.store.lock()
    expect(await summary(yaml)).toEqual(['shop unknown a build of it runs now'])
  })
})

describe('a trigger', () => {
  const trigger = (name = 'shop') => triggerImage({ name }, bench.store, bench.services, {})
  test('builds that image only', async () => {
    await bench.apply(yamlOf(BASES, bench.image('shop'), bench.image('blog')))
    bench.repository.commit('app.js', 'serve(2)')
    expect(await trigger()).toMatchObject({ name: 'shop', namespace: 'default', build: 'shop-build-2', ready: 'True', failures: [] })
    expect((await bench.buildsOf('shop')).map(({ metadata }) => metadata.annotations?.['image.kpack.io/reason'])).toEqual(['CONFIG', 'TRIGGER,COMMIT'])
    expect(await bench.buildsOf('blog')).toHaveLength(1)
    expect(bench.state.isLocked).toBe(false)
  })
  test('reports a build that fails', async () => {
    await bench.apply(yamlOf(BASES, bench.image('shop')))
    bench.make = () => Promise.reject(new Error('it broke'))
    const { failures } = await trigger()
    expect(failures.map(({ message }) => message)).toEqual(['cannot build Image default/shop: it broke'])
  })
  test('needs an Image', async () => {
    await expect(trigger('none')).rejects.toMatchObject({ code: 'CNB_RESOURCE_NOT_FOUND' })
    expect([parseTriggered(['image', 'shop']), parseTriggered(['img/shop'])]).toEqual(['shop', 'shop'])
    for (const given of [['builder', 'base'], ['image'], ['shop']]) expect(() => parseTriggered(given)).toThrow(expect.objectContaining({ code: 'CNB_USAGE' }))
  })
})
