/**
 * Compares exports with images of the stock exporter (lifecycle 0.21.0, `exporter -daemon`).
 * Each golden file contains the files in /layers after its builder phase: torture buildpacks that write every layer type, data, label,
 * slice, process and SBOM; an app that uses none of them; a rebuild that reuses a layer without contents; a base with unusual
 * settings. `config` is the image's, from `docker save`.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseApiVersion } from '../../../../../src/formats/versions.ts'
import { readLifecycleMetadata } from '../../../../../src/images/labels/lifecycle-metadata.ts'
import type { Layer } from '../../../../../src/images/image.ts'
import { planExport } from '../../../../../src/lifecycle/native/export/plan-export.ts'
import { readGroup } from '../../../../../src/lifecycle/native/metadata/group.ts'
import { readBuiltBuildpacks } from '../../../../../src/lifecycle/native/metadata/layers-directory.ts'
import type { LayerTreeEntry } from '../../../../../src/lifecycle/native/model.ts'
import { encodeImageConfig, type ImageConfig } from '../../../../../src/oci/config.ts'
import type { Digest } from '../../../../../src/oci/digest.ts'
import { aBuilder, anImage, aPlan } from '../../../../support/plans.ts'
import { directory, file } from './inputs.ts'

const GOLDEN = join(import.meta.dirname, '../../../../../fixtures/golden/export')

interface Golden {
  platformApi: string
  creationTime?: number
  defaultProcess?: string
  projectMetadata?: string
  runImage: { name: string; id: string; config: ImageConfig }
  previousLabel?: string
  previousDiffIds?: Digest[]
  tree: Record<string, { mode: string; uid: number; gid: number; text?: string }>
  launcherSboms: Record<string, string>
  shas: { buildpacks: Record<string, Digest>; app: Digest[]; launcher: Digest }
  cacheSbom?: Digest
  said: string[]
  config: string
}

function layer(diffId: Digest | undefined): Layer {
  if (diffId === undefined) throw new Error('the golden image has no such layer')
  return { diffId, open: () => Promise.reject(new Error('closed')) }
}

function imageOf(config: ImageConfig, id: string): ReturnType<typeof anImage> {
  return anImage({ id, config, layers: config.rootfs.diff_ids.map(layer), labels: config.config.Labels ?? {} })
}

function previousOf({ previousLabel: label, previousDiffIds: diffIds = [] }: Golden) {
  if (label === undefined) return {}
  const image = anImage({ layers: diffIds.map(layer), labels: { 'io.buildpacks.lifecycle.metadata': label } })
  return { previous: { image, metadata: readLifecycleMetadata(image) } }
}

async function exportGolden(golden: Golden) {
  const said: string[] = []
  const tree = new Map(
    Object.entries(golden.tree).map(([path, { mode, uid, gid, text }]): [string, LayerTreeEntry] => {
      const header = { mode: Number.parseInt(mode, 8), uid, gid }
      return [path, text === undefined ? directory(header) : file(text, header)]
    }),
  )
  const group = readGroup(tree.get('group.toml')?.content?.toString() ?? '')
  const plan = aPlan({
    platformApi: parseApiVersion(golden.platformApi),
    builder: aBuilder({ uid: 1001, gid: 1000 }),
    runImage: { name: golden.runImage.name, image: imageOf(golden.runImage.config, golden.runImage.id) },
    runImages: [{ image: 'cnb-sample/run:bookworm', mirrors: ['mirror.example/run:bookworm'] }],
    creationTime: golden.creationTime,
    defaultProcess: golden.defaultProcess,
    projectMetadata: golden.projectMetadata,
  })
  const lifecycleSboms = ['cdx', 'spdx', 'syft'].map((format): [string, Buffer] => [`lifecycle.sbom.${format}.json`, Buffer.from('{}')])
  const launcherSboms = Object.entries(golden.launcherSboms).map(([name, text]): [string, Buffer] => [name, Buffer.from(text)])
  const planned = await planExport(
    {
      plan,
      group,
      buildpacks: readBuiltBuildpacks(tree, group),
      tree,
      ...previousOf(golden),
      runImage: plan.runImage,
      lifecycleFiles: new Map([...lifecycleSboms, ...launcherSboms]),
      makeBuildpackLayer: ({ id }, { name }) => Promise.resolve(layer(golden.shas.buildpacks[`${id}:${name}`])),
      makeAppLayers: (slices) =>
        Promise.resolve(
          golden.shas.app.map((sha, index) => ({
            layer: layer(sha),
            createdBy: slices.length === 0 ? 'Application Layer' : `Application Slice: ${index + 1}`,
          })),
        ),
      makeLauncherLayer: () => Promise.resolve(layer(golden.shas.launcher)),
      startSending: () => {},
      say: (line) => said.push(line),
    },
    {},
  )
  return { planned, said }
}

for (const name of readdirSync(GOLDEN).filter((file) => file.endsWith('.json'))) {
  const golden = JSON.parse(readFileSync(join(GOLDEN, name), 'utf8')) as Golden
  const what = name.replace('.json', '')

  test(`creates the stock exporter's config, byte for byte: ${what}`, async () => {
    const { planned } = await exportGolden(golden)
    expect(encodeImageConfig(planned.image.config).toString()).toBe(golden.config)
  })

  test(`creates the stock exporter's output and SBOM layer of the cache: ${what}`, async () => {
    const { planned, said } = await exportGolden(golden)
    expect(said).toEqual(golden.said)
    expect(planned.sbom.cache?.sha).toBe(golden.cacheSbom)
  })

  test(`plans the layers of the config, with the run image as base: ${what}`, async () => {
    const { planned } = await exportGolden(golden)
    expect(planned.image.layers.map(({ diffId }) => diffId)).toEqual(planned.image.config.rootfs.diff_ids)
    expect(planned.image.base!.id).toBe(golden.runImage.id)
  })
}
