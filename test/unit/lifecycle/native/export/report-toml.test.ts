import { expect, test } from 'vitest'
import { parseToml } from '../../../../../src/formats/toml.ts'
import { reportToml } from '../../../../../src/lifecycle/native/export/report-toml.ts'
import { parseReference } from '../../../../../src/oci/reference.ts'
import { aPlan } from '../../../../support/plans.ts'
import { BUILDPACK, file } from './inputs.ts'

const ID = { id: `sha256:${'a'.repeat(64)}` }
const GROUP = { buildpacks: [BUILDPACK], extensions: [] }
const plan = (minor: number) => aPlan({ image: parseReference('my-app'), tags: [parseReference('r.example/x:1')], platformApi: { major: 0, minor } })

test('the report has all names and the image’s ID, as the lifecycle writes them', () => {
  expect(reportToml(plan(15), ID, { group: GROUP, tree: new Map() })).toBe(
    `[image]\n  tags = ["my-app:latest", "r.example/x:1"]\n  image-id = "${'a'.repeat(64)}"\n`,
  )
})

test('before Platform API 0.9 it has the bills of materials in build.toml', () => {
  const tree = new Map([['some_buildpack/build.toml', file('[[bom]]\nname = "x"\n[bom.metadata]\nv = 1\n')]])
  expect(parseToml(reportToml(plan(8), ID, { group: GROUP, tree }), 'report.toml')).toMatchObject({
    build: { bom: [{ name: 'x', metadata: { v: 1 }, buildpack: { id: 'some/buildpack', version: '1.0.0' } }] },
    image: { 'image-id': 'a'.repeat(64) },
  })
  expect(reportToml(plan(9), ID, { group: GROUP, tree })).not.toContain('bom')
})
