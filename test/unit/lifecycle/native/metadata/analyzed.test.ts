import { expect, test } from 'vitest'
import type { CnbEvent } from '../../../../../src/base/events.ts'
import type { Image } from '../../../../../src/images/image.ts'
import { analyzedToml, findPrevious } from '../../../../../src/lifecycle/native/metadata/analyzed.ts'
import { decisionsOf, withoutDecisions } from '../../../../support/decisions.ts'
import { containing } from '../../../../support/matching.ts'
import { anImage, aPlan } from '../../../../support/plans.ts'

const LABEL = 'io.buildpacks.lifecycle.metadata'
const labelled = (label: string): Image => anImage({ labels: { [LABEL]: label } })
const find = (image: Image | undefined, plan = aPlan()) => {
  const asked: string[] = []
  const events: CnbEvent[] = []
  const images = { find: async (reference: string) => (asked.push(reference), image) }
  return { asked, events, previous: findPrevious(plan, images, { events: (event) => events.push(event) }) }
}

test("finds the image of the app's name, or the one that the user chose", async () => {
  const own = find(undefined)
  expect(await own.previous).toBeUndefined()
  expect(own.asked).toEqual(['my-app:latest'])
  const named = find(undefined, aPlan({ previousImage: 'other/app' }))
  await named.previous
  expect(named.asked).toEqual(['other/app'])
  // A new app needs no message.
  expect([own.events, named.events].map(withoutDecisions)).toEqual([[], [{ type: 'info', message: containing("cannot find the previous image 'other/app'") }]])
})

test.each([
  ['that does not exist', undefined, 'not found: no image has this name at the target of the new one'],
  ['that buildpacks built', labelled('{}'), 'found: it has the name of the new image'],
  ['without a label', anImage({ labels: {} }), 'not used: it was not built by buildpacks: it has no label io.buildpacks.lifecycle.metadata'],
  ['with a malformed label', labelled('{'), 'not used: its label is invalid: '],
])('explains the decision about a previous image %s', async (_title, image, decision) => {
  const { previous, events } = find(image)
  await previous
  expect(decisionsOf(events)).toEqual([containing(decision)])
})

test('reads its label with large integers preserved, and with stores', async () => {
  const previous = await find(labelled(`{"buildpacks":[
    {"key":"a","version":"1","layers":{"l":{"sha":"s","data":{"n":9007199254740993},"launch":true}},"store":{"metadata":{"m":9007199254740995}}},
    {"key":"b","version":"1","layers":{},"store":{}}, {"key":"c","version":"1"}]}`)).previous
  const [a, b, c] = previous?.metadata?.buildpacks ?? []
  expect(a?.layers.get('l')).toEqual({ sha: 's', data: { n: 9007199254740993n }, build: false, launch: true, cache: false })
  expect(a?.store).toEqual({ m: 9007199254740995n })
  expect(b?.store).toBeNull()
  expect(c?.store).toBeUndefined()
})

test.each(['', 'no json', '[]', '{"buildpacks":{}}', '{"buildpacks":[{"store":{"metadata":1}}]}', `{"x":${'['.repeat(600)}${']'.repeat(600)}}`])(
  'ignores the invalid label %j',
  async (label) => {
    expect(await find(labelled(label)).previous).toMatchObject({ metadata: undefined })
  },
)

const runImage = {
  name: 'some/run:tag',
  image: anImage({
    id: `sha256:${'c'.repeat(64)}`,
    platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
    labels: { 'io.buildpacks.base.distro.name': 'debian', 'io.buildpacks.base.distro.version': '12', 'io.buildpacks.base.id': 'my.base' },
  }),
}

test('writes the previous image and the run image to analyzed.toml, with its target since Platform API 0.12', () => {
  const previous = { image: anImage({ id: `sha256:${'d'.repeat(64)}` }), metadata: undefined }
  expect(analyzedToml(aPlan({ runImage }), previous)).toBe(`[image]
  reference = "${'d'.repeat(64)}"

[run-image]
  image = "some/run:tag"
  reference = "${'c'.repeat(64)}"
  [run-image.target]
    arch = "arm64"
    arch-variant = "v8"
    id = "my.base"
    os = "linux"
    [run-image.target.distro]
      name = "debian"
      version = "12"
`)
  expect(analyzedToml(aPlan({ runImage, platformApi: { major: 0, minor: 11 } }), undefined)).toBe(
    `[image]\n  reference = ""\n\n[run-image]\n  reference = "${'c'.repeat(64)}"\n`,
  )
})

test('writes a distribution without a name, like the lifecycle', () => {
  const image = anImage({ labels: { 'io.buildpacks.base.distro.name': '' } })
  expect(analyzedToml(aPlan({ runImage: { name: 'x', image } }), undefined)).toContain('[run-image.target.distro]\n      name = ""\n      version = ""\n')
})

test('omits an image with an invalid label, which does not exist for the lifecycle', () => {
  expect(analyzedToml(aPlan(), { image: labelled('no json'), metadata: undefined })).toContain('[image]\n  reference = ""\n')
})

test('rejects a run image without an operating system', () => {
  const plan = aPlan({ runImage: { name: 'x', image: anImage({ platform: { os: '', architecture: '' } }) } })
  expect(() => analyzedToml(plan, undefined)).toThrow(expect.objectContaining({ code: 'CNB_RUN_IMAGE_INVALID' }))
})
