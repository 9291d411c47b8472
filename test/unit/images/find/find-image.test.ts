import { describe, expect, test } from 'vitest'
import { CnbError, type ErrorCode } from '../../../../src/base/errors.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import type { Engine, PullOptions } from '../../../../src/docker/engine.ts'
import type { Image } from '../../../../src/images/image.ts'
import { decidePullPolicy, findImage, type PullPolicy } from '../../../../src/images/find/find-image.ts'
import type { Platform } from '../../../../src/oci/platform.ts'
import { image } from '../app-images.ts'
import { decisionsOf, withoutDecisions } from '../../../support/decisions.ts'
import { containing, matching } from '../../../support/matching.ts'

const AMD = { os: 'linux', architecture: 'amd64' }
const ARM = { os: 'linux', architecture: 'arm64' }

/** An engine with at most one image, and a registry that returns another image or an error. */
function setUp({ local, remote }: { local?: Image; remote?: Image | [ErrorCode, string] }) {
  let present = local
  const pulls: { reference: string; options: PullOptions | undefined }[] = []
  const events: CnbEvent[] = []
  const engine = {
    images: {
      pull: async (reference: string, options?: PullOptions) => {
        pulls.push({ reference, options })
        if (Array.isArray(remote)) throw new CnbError(...remote)
        present = remote
      },
    },
  } as unknown as Engine
  const credentials = async (repository: string) => ({ username: 'me', serveraddress: repository })
  const find = (policy: PullPolicy, platform?: Platform, reference = 'r.example/x') =>
    findImage(reference, policy, { engine, credentials, mirrors: {}, images: { find: async () => present }, platform }, { events: (event) => events.push(event) })
  return { pulls, events, find }
}

const local = image({ reference: 'local', platform: AMD })
const remote = image({ reference: 'remote', platform: AMD })

test.each<PullPolicy>(['always', 'never'])('rejects an image with lost content with the policy %s', async (policy) => {
  const lost = image({ reference: 'lost', platform: { os: '', architecture: '' }, layers: [] })
  const { find } = setUp({ local: lost, remote: lost })
  await expect(find(policy, AMD)).rejects.toMatchObject({ code: 'CNB_IMAGE_INVALID', hint: containing('docker image rm lost') })
})

test.each<[PullPolicy, Image | undefined, Platform | undefined, string]>([
  ['always', local, undefined, 'pulled: the pull policy is always'],
  ['if-not-present', undefined, undefined, 'pulled: the pull policy is if-not-present, and the engine has no copy'],
  ['if-not-present', image({ platform: ARM }), AMD, 'pulled: the pull policy is if-not-present, and the engine has only a copy for linux/arm64'],
  ['if-not-present', local, undefined, 'not pulled: the pull policy is if-not-present, and the engine has the image'],
  ['never', local, undefined, 'not pulled: the pull policy is never'],
])('explains the policy %s', async (policy, present, platform, decision) => {
  const { find, events } = setUp({ ...(present ? { local: present } : {}), remote })
  await find(policy, platform)
  expect(decisionsOf(events)).toEqual([`image r.example/x: ${decision}`])
})

test.each([
  ['never', 'always', 'never: applied: it is set by --pull-policy'],
  [undefined, 'never', 'never: applied: it is set in the configuration file'],
  [undefined, undefined, 'always: applied: it is the default'],
] as const)('explains the source of the pull policy: option %s, configuration %s', (option, configured, decision) => {
  const events: CnbEvent[] = []
  decidePullPolicy(option, { pullPolicy: configured }, { events: (event) => events.push(event) })
  expect(decisionsOf(events)).toEqual([`pull policy ${decision}`])
})

describe('the policy', () => {
  test.each<[PullPolicy, boolean, string | undefined, number]>([
    ['always', true, 'remote', 1],
    ['always', false, 'remote', 1],
    ['if-not-present', true, 'local', 0],
    ['if-not-present', false, 'remote', 1],
    ['never', true, 'local', 0],
    ['never', false, undefined, 0],
  ])('is applied: %s, image present: %s → %s', async (policy, present, expected, count) => {
    const { find, pulls } = setUp({ ...(present ? { local } : {}), remote })
    if (expected === undefined) await expect(find(policy)).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND', hint: containing('never') })
    else expect((await find(policy)).reference).toBe(expected)
    expect(pulls).toHaveLength(count)
  })

  test('never pulls an image ID', async () => {
    const { find, pulls } = setUp({ local, remote })
    await find('always', undefined, `sha256:${'0'.repeat(64)}`)
    await find('always', undefined, '0'.repeat(64))
    expect(pulls).toEqual([])
  })

  test("passes the registry's credentials and the platform to the pull", async () => {
    const { find, pulls } = setUp({ remote })
    await find('always', AMD)
    expect(pulls).toEqual([{ reference: 'r.example/x', options: { platform: AMD, auth: { username: 'me', serveraddress: 'r.example/x' } } }])
  })
})

describe("the engine's copy after a failed pull", () => {
  test('is used silently if no registry has the image', async () => {
    const { find, events } = setUp({ local, remote: ['CNB_IMAGE_NOT_FOUND', 'manifest unknown'] })
    expect((await find('always')).reference).toBe('local')
    expect(withoutDecisions(events)).toEqual([])
    expect(decisionsOf(events)).toEqual(['image r.example/x: not pulled: the engine has the image, and no registry has it'])
  })

  test.each([
    'dial tcp: lookup r.example on 10.0.0.1:53: no such host',
    'dial tcp 10.0.0.1:443: connect: connection refused',
    'net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    'dial tcp 10.0.0.1:443: connect: network is unreachable',
    'toomanyrequests: You have reached your unauthenticated pull rate limit.',
    'unexpected status from HEAD request to https://r.example/v2/x/manifests/latest: 429 Too Many Requests',
  ])('is used with a warning if the registry is unreachable or limits requests: %s', async (message) => {
    const pulledBefore = { ...local, repoDigests: [`r.example/x@sha256:${'0'.repeat(64)}`] }
    const { find, events } = setUp({ local: pulledBefore, remote: ['CNB_PULL_FAILED', message] })
    expect((await find('always')).reference).toBe('local')
    expect(withoutDecisions(events)).toEqual([{ type: 'warning', message: containing(message) }])
    expect(decisionsOf(events)).toEqual([`image r.example/x: not pulled: the registry is unavailable: ${message}`])
  })

  test('is used without a warning if it is not from a registry', async () => {
    const { find, events } = setUp({ local, remote: ['CNB_PULL_FAILED', 'no such host'] })
    expect((await find('always')).reference).toBe('local')
    expect(withoutDecisions(events)).toMatchObject([{ type: 'debug' }])
  })

  test('is not used if the registry denies access, with a hint how to use it', async () => {
    const { find } = setUp({ local, remote: ['CNB_PULL_FAILED', 'unauthorized: authentication required'] })
    await expect(find('always')).rejects.toMatchObject({ code: 'CNB_PULL_FAILED', hint: matching(/if-not-present.*docker login r\.example/) })
  })

  test('is not used after an error of the engine', async () => {
    const { find } = setUp({ local, remote: ['CNB_ENGINE_DISK_FULL', 'no space left'] })
    await expect(find('always')).rejects.toMatchObject({ code: 'CNB_ENGINE_DISK_FULL' })
  })

  test('is required: without a copy, errors are thrown unchanged', async () => {
    for (const code of ['CNB_IMAGE_NOT_FOUND', 'CNB_PULL_FAILED'] as const) {
      await expect(setUp({ remote: [code, 'no such host'] }).find('always')).rejects.toMatchObject({ code, message: 'no such host' })
    }
  })
})

describe('a copy for another platform', () => {
  test('is pulled again if the policy allows', async () => {
    const { find } = setUp({ local, remote: image({ reference: 'remote', platform: ARM }) })
    expect((await find('if-not-present', ARM)).reference).toBe('remote')
  })

  test.each<[PullPolicy, Image | [ErrorCode, string]]>([
    ['never', remote],
    ['if-not-present', remote],
    ['always', ['CNB_IMAGE_NOT_FOUND', 'manifest unknown']],
  ])('is an error otherwise (%s)', async (policy, from) => {
    const { find } = setUp({ local, remote: from })
    await expect(find(policy, ARM)).rejects.toMatchObject({ code: 'CNB_PLATFORM_MISMATCH', message: matching(/linux\/amd64.*linux\/arm64/) })
  })
})

test('rejects an invalid reference before any call', async () => {
  await expect(setUp({ local }).find('always', undefined, 'NOT A NAME')).rejects.toMatchObject({ code: 'CNB_REFERENCE_INVALID' })
})
