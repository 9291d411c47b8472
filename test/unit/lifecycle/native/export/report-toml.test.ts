import { expect, test } from 'vitest'
import { parseToml } from '../../../../../src/formats/toml.ts'
import { reportToml } from '../../../../../src/lifecycle/native/export/report-toml.ts'
import { parseReference } from '../../../../../src/oci/reference.ts'
import { aPlan } from '../../../../support/plans.ts'
import { BUILDPACK, file } from './inputs.ts'

const ID = { id: `sha256:${'a'.repeat(64)}`, repoDigests: [], tags: [] }
const GROUP = { buildpacks: [BUILDPACK], extensions: [] }
const plan = (minor: number) => aPlan({ image: parseReference('my-app'), tags: [parseReference('r.example/x:1')], platformApi: { major: 0, minor } })

test('the report has all names and the image’s ID, as the lifecycle writes them', () => {
  expect(reportToml(plan(15), ID, { group: GROUP, tree: new Map() })).toBe(
    `[image]\n  tags = ["my-app:latest", "r.example/x:1"]\n  image-id = "${'a'.repeat(64)}"\n`,
  )
})

test('a published image has its manifest’s digest and size', () => {
  const digest = `sha256:${'d'.repeat(64)}` as const
  const published = { id: `r.example/x@${digest}`, repoDigests: [`r.example/x@${digest}`], tags: [], manifest: { digest, size: 1234 } }
  const lines = `  digest = "${digest}"\n  manifest-size = 1234\n`
  expect(reportToml(plan(15), published, { group: GROUP, tree: new Map() })).toBe(`[image]\n  tags = ["my-app:latest", "r.example/x:1"]\n${lines}`)
  expect(reportToml(plan(15), { ...published, ...{ id: ID.id } }, { group: GROUP, tree: new Map() })).toContain(`image-id = "${'a'.repeat(64)}"\n${lines}`)
})

test('before Platform API 0.9 it has the bills of materials in build.toml', () => {
  const tree = new Map([['some_buildpack/build.toml', file('[[bom]]\nname = "x"\n[bom.metadata]\nv = 1\n')]])
  expect(parseToml(reportToml(plan(8), ID, { group: GROUP, tree }), 'report.toml')).toMatchObject({
    build: { bom: [{ name: 'x', metadata: { v: 1 }, buildpack: { id: 'some/buildpack', version: '1.0.0' } }] },
    image: { 'image-id': 'a'.repeat(64) },
  })
  expect(reportToml(plan(9), ID, { group: GROUP, tree })).not.toContain('bom')
})
