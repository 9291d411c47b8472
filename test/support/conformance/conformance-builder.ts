/** Creates the builder of the conformance suite from fixtures/conformance. */

import { join } from 'node:path'
import { stringifyToml, type TomlTable } from '../../../src/formats/toml.ts'
import { succeed } from '../cnb.ts'
import { docker } from '../engines/docker.ts'
import { SAMPLE_RUN_IMAGE, builderToml } from '../script-builder.ts'
import { writeFiles } from '../workbench.ts'

const FIXTURE = join(import.meta.dirname, '../../../fixtures/conformance')

export const CONFORMANCE_APP = join(FIXTURE, 'app')

const BUILDPACKS = ['system', 'elsewhere', 'all', 'first', 'optional', 'second']

/** Creates the builder; `change` can change its builder.toml, which is written to `directory`. */
export async function makeConformanceBuilder(image: string, directory: string, change: (toml: TomlTable) => TomlTable = (toml) => toml): Promise<void> {
  const buildpacks = BUILDPACKS.map((name) => ({ id: `conf/${name}`, path: join(FIXTURE, 'buildpacks', name) }))
  const toml = await builderToml(buildpacks, [['conf/elsewhere', 'conf/all'], ['conf/all']])
  const build = { ...(toml['build'] as TomlTable), env: [{ name: 'OPERATOR', value: 'by default' }, { name: 'OPERATOR_FORCED', value: 'forced', suffix: 'override' }] }
  const system = { pre: { buildpacks: [{ id: 'conf/system', version: '1.0.0' }] } }
  await writeFiles(directory, { 'builder.toml': stringifyToml(change({ ...toml, build, system })) })
  await succeed(['builder', 'create', image, '--config', join(directory, 'builder.toml'), '--pull-policy', 'never'])
}

/** Creates the suite's run image: the sample's with another release of its distribution. */
export async function makeConformanceRunImage(image: string): Promise<void> {
  const container = await docker('create', SAMPLE_RUN_IMAGE, 'true')
  const changes = ['LABEL io.buildpacks.base.distro.version=99', 'LABEL conf.base=kept', 'ENV FROM_RUN_IMAGE=kept', 'EXPOSE 8080', 'CMD ["none"]', 'ENTRYPOINT []']
  await docker('commit', ...changes.flatMap((change) => ['--change', change]), container, image)
  await docker('rm', container)
}
