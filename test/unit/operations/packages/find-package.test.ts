import { describe, expect, test } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import type { CnbEvent } from '../../../../src/base/events.ts'
import type { PullPolicy } from '../../../../src/images/find/find-image.ts'
import type { ImageSource } from '../../../../src/images/image.ts'
import { findPackage } from '../../../../src/operations/packages/find-package.ts'
import { anImage } from '../../../support/plans.ts'

const has = (reference: string): ImageSource => ({ find: async () => anImage({ reference, repoDigests: ['acme/bp@sha256:0'] }) })
const lacks: ImageSource = { find: async () => undefined }
const fails = (code: 'CNB_REGISTRY_UNREACHABLE' | 'CNB_REGISTRY_FAILED'): ImageSource => ({ find: () => Promise.reject(new CnbError(code, 'the registry says no')) })
const unused: ImageSource = { find: () => Promise.reject(new Error('this store is not needed')) }

const events: CnbEvent[] = []
const find = (policy: PullPolicy, engine: ImageSource | undefined, registry: ImageSource) =>
  findPackage('acme/bp', policy, { engine, registry }, { events: (event) => events.push(event) }).then(({ reference }) => reference)

describe('findPackage', () => {
  test("uses the registry's image with the policy always, and the engine's with if-not-present and never", async () => {
    expect(await find('always', unused, has('registry'))).toBe('registry')
    expect(await find('if-not-present', has('engine'), unused)).toBe('engine')
    expect(await find('never', has('engine'), unused)).toBe('engine')
    expect(await find('if-not-present', lacks, has('registry'))).toBe('registry')
    expect(await find('if-not-present', undefined, has('registry'))).toBe('registry')
  })

  test("uses the engine's image with the policy always if no registry has it or none is reachable, with a warning", async () => {
    expect(await find('always', has('engine'), lacks)).toBe('engine')
    events.length = 0
    expect(await find('always', has('engine'), fails('CNB_REGISTRY_UNREACHABLE'))).toBe('engine')
    expect(events).toContainEqual({ type: 'warning', message: "using the engine's copy of 'acme/bp': the registry says no" })
    await expect(find('always', has('engine'), fails('CNB_REGISTRY_FAILED'))).rejects.toMatchObject({ code: 'CNB_REGISTRY_FAILED' })
  })

  test('throws if no store has the image', async () => {
    expect(await find('never', lacks, has('cache'))).toBe('cache')
    await expect(find('never', lacks, lacks)).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND' })
    await expect(find('always', lacks, lacks)).rejects.toMatchObject({ code: 'CNB_IMAGE_NOT_FOUND' })
    await expect(find('always', undefined, fails('CNB_REGISTRY_UNREACHABLE'))).rejects.toMatchObject({ code: 'CNB_REGISTRY_UNREACHABLE' })
  })
})
