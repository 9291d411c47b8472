import { expect, test } from 'vitest'
import { parseToml } from '../../../../../src/formats/toml.ts'
import { reportToml } from '../../../../../src/lifecycle/native/export/report-toml.ts'
import { encodeImageConfig } from '../../../../../src/oci/config.ts'
import { digestOf } from '../../../../../src/oci/digest.ts'
import { encodeManifest } from '../../../../../src/oci/manifest.ts'
import { OCI_CONFIG, OCI_LAYER } from '../../../../../src/oci/media-types.ts'
import { parseTag } from '../../../../../src/oci/reference.ts'
import { aPlan } from '../../../../support/plans.ts'
import { app } from '../../../images/app-images.ts'
import { BUILDPACK, file } from './inputs.ts'

const ID = { id: `sha256:${'a'.repeat(64)}`, repoDigests: [], tags: [] }
const { config, layers } = app()
const REPORTED = { group: { buildpacks: [BUILDPACK], extensions: [] }, tree: new Map(), image: { config, layers } }
const plan = (minor: number) => aPlan({ image: parseTag('my-app'), tags: [parseTag('r.example/x:1')], platformApi: { major: 0, minor } })

test('writes all names, the image’s ID and the size of its manifest like the lifecycle', () => {
  const content = encodeImageConfig(config)
  const descriptors = layers.map(({ diffId }) => ({ mediaType: OCI_LAYER, digest: diffId, size: 0 }))
  const { length } = encodeManifest({ config: { mediaType: OCI_CONFIG, digest: digestOf(content), size: content.length }, layers: descriptors })
  expect(reportToml(plan(15), ID, REPORTED)).toBe(
    `[image]\n  tags = ["my-app:latest", "r.example/x:1"]\n  image-id = "${'a'.repeat(64)}"\n  manifest-size = ${length}\n`,
  )
})

test('writes the manifest’s digest and size of a published image', () => {
  const digest = `sha256:${'d'.repeat(64)}` as const
  const published = { id: `r.example/x@${digest}`, repoDigests: [`r.example/x@${digest}`], tags: [], manifest: { digest, size: 1234 } }
  const lines = `  digest = "${digest}"\n  manifest-size = 1234\n`
  expect(reportToml(plan(15), published, REPORTED)).toBe(`[image]\n  tags = ["my-app:latest", "r.example/x:1"]\n${lines}`)
  expect(reportToml(plan(15), { ...published, ...{ id: ID.id } }, REPORTED)).toContain(`image-id = "${'a'.repeat(64)}"\n${lines}`)
})

test('includes the bills of materials of build.toml before Platform API 0.9', () => {
  const tree = new Map([['some_buildpack/build.toml', file('[[bom]]\nname = "x"\n[bom.metadata]\nv = 1\n')]])
  expect(parseToml(reportToml(plan(8), ID, { ...REPORTED, tree }), 'report.toml')).toMatchObject({
    build: { bom: [{ name: 'x', metadata: { v: 1 }, buildpack: { id: 'some/buildpack', version: '1.0.0' } }] },
    image: { 'image-id': 'a'.repeat(64) },
  })
  expect(reportToml(plan(9), ID, { ...REPORTED, tree })).not.toContain('bom')
})
