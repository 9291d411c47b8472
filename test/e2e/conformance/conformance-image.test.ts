/** The image (docs/conformance.md, checks 25 to 29 and 44 to 64). */

import { readFile, readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PLATFORM_APIS } from '../../../src/formats/api-features.ts'
import { parseToml } from '../../../src/formats/toml.ts'
import { runCnb } from '../../support/cnb.ts'
import { CONFORMANCE_RUN_IMAGE, conformanceBuilds, type ConformanceBuilds } from '../../support/conformance/conformance-build.ts'
import { docker, imageId, inspectImage } from '../../support/engines/docker.ts'
import { DRIVERS, QUICK } from '../../support/engines/drivers.ts'
import { configDigest, savedImage, type SavedImage } from '../../support/images/image-contents.ts'
import { containing } from '../../support/matching.ts'
import { makeSayingBench } from '../../support/saying-app.ts'
import { USING_BUILDER, appFiles, processes } from '../../support/script-builder.ts'

const bench = await makeSayingBench()
afterAll(() => bench.clear())

const EPOCH = '1980-01-01T00:00:01Z'
const NO_ENTRY = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef'

interface LayerMetadata { sha: string; data: unknown; build: boolean; launch: boolean; cache: boolean }
interface LifecycleMetadata {
  app: { sha: string }[]
  sbom: { sha: string }
  buildpacks: { key: string; version: string; layers: Record<string, LayerMetadata>; store?: { metadata: unknown } }[]
  config: { sha: string }
  launcher: { sha: string }
  'process-types': { sha: string }
  runImage: { topLayer: string; reference: string; image: string }
}

describe.each(DRIVERS)('%s driver: the image', (driver) => {
  let builds: ConformanceBuilds
  let saved: SavedImage
  let one: SavedImage
  const label = <T>(name: string, of: SavedImage = saved): T => JSON.parse(of.config.config.Labels[`io.buildpacks.${name}`] ?? '') as T
  const names = (index: number): string[] => saved.layers[index]?.files.map(({ name }) => name.replace(/\/$/, '')) ?? []

  beforeAll(async () => {
    builds = await conformanceBuilds(driver)
    saved = await savedImage(builds.two, CONFORMANCE_RUN_IMAGE)
    one = await savedImage(builds.one, CONFORMANCE_RUN_IMAGE)
  })

  it('#25 #28 #29 is built by the group with matching targets and expanded nested orders, without the unmet optional buildpack', () => {
    const { buildpacks } = label<{ buildpacks: { id: string }[] }>('build.metadata')
    expect(buildpacks.map(({ id }) => id)).toEqual(['conf/system', 'conf/first', 'conf/second'])
  })

  it('#44 has only launch layers, and none without types', () => {
    const layers = saved.layers.flatMap(({ files }) => files.map(({ name }) => name))
    for (const layer of ['btctlf', 'btcflf', 'bfctlf', 'bfcflf', 'untyped']) expect(layers.filter((name) => name.includes(layer))).toEqual([])
  })

  it("#46 has launch.toml's labels with any content; the last buildpack wins", () => {
    expect(saved.config.config.Labels).toMatchObject({ 'conf.label': 'second', 'conf.odd': '<a href="x?b=1&c=2">ünï\u2028é</a>', 'conf.base': 'kept' })
  })

  it('#47 has its layers in the order of the specification', () => {
    expect(saved.config.history.slice(-14).map(({ created_by }) => created_by)).toEqual([
      ...['bfcflt', 'bfctlt', 'btcflt', 'btctlt', 'modes', 'runtime'].map((layer) => `Layer: '${layer}', Created by buildpack: conf/first@1.0.0`),
      "Layer: 'z', Created by buildpack: conf/second@1.0.0",
      'Software Bill-of-Materials',
      ...[1, 2, 3, 4].map((slice) => `Application Slice: ${slice}`),
      'Buildpacks Application Launcher', 'Buildpacks Launcher Config', 'Buildpacks Process Types',
    ].slice(-14))
    expect(saved.layers).toHaveLength(15)
    expect(names(6)).toEqual(['/layers', '/layers/conf_second', '/layers/conf_second/z', '/layers/conf_second/z/file'])
    expect(names(13)).toContain('/layers/config/metadata.toml')
  })

  it('#48 starts the default process; a later process of that type without the default mark removes the default', () => {
    expect(one.config.config.Entrypoint).toEqual(['/cnb/process/web'])
    expect(saved.config.config.Entrypoint).toEqual(['/cnb/lifecycle/launcher'])
  })

  it("#49 has the configuration of the run image with the launcher's settings", () => {
    const { config } = saved.config
    expect(config.Cmd ?? []).toEqual([])
    expect(config).toMatchObject({ WorkingDir: '/workspace', User: '1002:1000', ExposedPorts: { '8080/tcp': {} } })
    expect(config.Env).toEqual([
      expect.stringMatching(/^PATH=\/cnb\/process:\/cnb\/lifecycle:.*\/usr\/bin/), 'FROM_RUN_IMAGE=kept',
      'CNB_LAYERS_DIR=/layers', 'CNB_APP_DIR=/workspace', `CNB_PLATFORM_API=${PLATFORM_APIS.at(-1)}`, 'CNB_DEPRECATION_MODE=quiet',
    ])
  })

  it('#50 links each process to the launcher, which root owns', () => {
    const links = saved.layers[14]?.files.filter(({ type }) => type === 'symlink') ?? []
    expect(links.map(({ name, linkname }) => [name, linkname])).toEqual(['args', 'there', 'web'].map((type) => [`/cnb/process/${type}`, '/cnb/lifecycle/launcher']))
    expect(saved.layers[12]?.files.at(-1)).toMatchObject({ name: '/cnb/lifecycle/launcher', mode: 0o755, uid: 0, gid: 0 })
  })

  it('#51 has one layer more than slices, with each file in the first matching slice', () => {
    expect(names(8)).toEqual(['/workspace', '/workspace/public', '/workspace/public/a.txt', '/workspace/public/b.txt'])
    expect(names(9)).toEqual(['/workspace', '/workspace/public', '/workspace/public/deep', '/workspace/public/deep/page.html'])
    expect(saved.layers[10]).toMatchObject({ diffId: NO_ENTRY, files: [] })
    expect(names(11)).toContain('/workspace/run.sh')
    expect(names(11).filter((name) => name.includes('public'))).toEqual([])
  })

  it('#53 keeps the diffIDs of unchanged layers', () => {
    const kept = one.layers.map(({ diffId }) => diffId)
    for (const index of [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14]) expect(kept).toContain(saved.layers[index]?.diffId)
  })

  it('#54 records its layers in the lifecycle metadata', async () => {
    const metadata = label<LifecycleMetadata>('lifecycle.metadata')
    const ids = saved.layers.map(({ diffId }) => diffId)
    const first = metadata.buildpacks[1]
    expect(metadata.buildpacks.map(({ key }) => key)).toEqual(['conf/system', 'conf/first', 'conf/second'])
    expect(Object.values(first?.layers ?? {}).map(({ sha }) => sha)).toEqual(ids.slice(0, 6))
    expect(first?.layers['btctlt']).toEqual({ sha: ids[3], data: { made: 'two' }, build: true, launch: true, cache: true })
    expect(metadata.buildpacks[2]?.layers['z']).toEqual({ sha: ids[6], data: null, build: false, launch: true, cache: false })
    expect(first?.store).toEqual({ metadata: { stored: 'two' } })
    expect(metadata.sbom.sha).toBe(ids[7])
    expect(metadata.app.map(({ sha }) => sha)).toEqual(ids.slice(8, 12))
    expect([metadata.launcher.sha, metadata.config.sha, metadata['process-types'].sha]).toEqual(ids.slice(12))
    expect(metadata.runImage).toMatchObject({ topLayer: (await inspectImage(CONFORMANCE_RUN_IMAGE)).RootFS.Layers.at(-1), image: containing(CONFORMANCE_RUN_IMAGE) })
  })

  it('#55 records its buildpacks and processes in the build metadata', () => {
    const metadata = label<{ buildpacks: unknown[]; processes: unknown[]; launcher: unknown }>('build.metadata', one)
    expect(metadata.buildpacks).toContainEqual({ id: 'conf/second', version: '1.0.0', homepage: 'https://example.com/second?a=1&b=<2>' })
    expect(metadata.processes).toContainEqual(expect.objectContaining({ type: 'args', command: ['printf', '%s\n', 'always'], args: ['by', 'default'], direct: true, buildpackID: 'conf/first' }))
    expect(metadata.processes).toContainEqual(expect.objectContaining({ type: 'there', 'working-dir': '/workspace/public' }))
    expect(metadata.launcher).toMatchObject({ version: '0.21.0' })
  })

  it('#56 has project metadata', () => {
    expect(label('project.metadata')).toBeTypeOf('object')
  })

  it('#58 has files dated 1980, with owners by number only', () => {
    for (const file of saved.layers.flatMap(({ files }) => files)) {
      expect(file.mtime?.toISOString().replace('.000', '')).toBe(EPOCH)
      expect([file.uname ?? '', file.gname ?? '']).toEqual(['', ''])
      expect([[0, 0], [1001, 1000]], file.name).toContainEqual([file.uid, file.gid])
    }
  })

  it('#61 has the bills of materials of the buildpacks and the launcher', () => {
    expect(names(7)).toEqual(expect.arrayContaining([
      '/layers/sbom/launch/conf_first/sbom.cdx.json', '/layers/sbom/launch/conf_first/bfcflt/sbom.cdx.json', '/layers/sbom/launch/buildpacksio_lifecycle/launcher/sbom.cdx.json',
    ]))
  })

  it('#62 writes the bills of materials of the build to --sbom-output-dir', async () => {
    const files = await readdir(builds.sboms, { recursive: true })
    expect(files).toEqual(expect.arrayContaining(['build/conf_first/sbom.cdx.json', 'launch/conf_first/sbom.cdx.json', 'build/buildpacksio_lifecycle/sbom.cdx.json']))
  })

  it('#63 has all its names', async () => {
    expect(await imageId(builds.tag)).toBe(await imageId(builds.two))
  })

  it('#64 is described in report.toml', async () => {
    const { image } = parseToml(await readFile(`${builds.report}/report.toml`, 'utf8'), 'report.toml') as { image: { tags: string[]; 'image-id': string } }
    expect(image.tags.join()).toContain(builds.two.replace(/:latest$/, ''))
    expect(image.tags.join()).toContain(builds.tag)
    expect((await imageId(builds.two)).replace('sha256:', '')).toContain(image['image-id'].replace('sha256:', ''))
  })

  describe('of an app', () => {
    let [image, app] = ['', '']
    beforeAll(async () => {
      image = bench.image()
      app = await bench.directory(appFiles(processes({ web: 'echo web', worker: 'echo worker' }), { 'run.sh': '#!/bin/sh\n' }))
      await bench.build(image, app, QUICK[driver])
    })

    it('#48 starts the process that the user selects, and rejects a missing one', async () => {
      const other = bench.image()
      await bench.build(other, app, [...QUICK[driver], '--default-process', 'worker'])
      expect((await inspectImage(other)).Config.Entrypoint).toEqual(['/cnb/process/worker'])
      const none = await runCnb(['build', other, '--path', app, ...USING_BUILDER, ...QUICK[driver], '--default-process', 'nobody'])
      expect(none).toMatchObject({ code: 62, stdout: '', stderr: containing('nobody') })
    })

    it('#57 is dated 1980, or as the user sets it, with the same layers', async () => {
      const dated = bench.image()
      await bench.build(dated, app, [...QUICK[driver], '--creation-time', '1700000000'])
      const [then, now] = await Promise.all([inspectImage(image), inspectImage(dated)])
      expect([then.Created, now.Created]).toEqual([EPOCH, '2023-11-14T22:13:20Z'])
      expect(now.RootFS).toEqual(then.RootFS)
      const created = (await docker('history', '--no-trunc', '--human=false', '--format', '{{.CreatedAt}}', dated)).split('\n').slice(0, 3)
      expect(created.map((time) => time.slice(0, 16))).toEqual(Array(3).fill(containing('2023-11-14T22:13')))
    })

    it('#59 is independent of umask, time zone and language', async () => {
      const again = bench.image()
      const umask = process.umask(0o077)
      try {
        await bench.build(again, app, QUICK[driver], { env: { TZ: 'Pacific/Auckland', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' } })
      } finally {
        process.umask(umask)
      }
      expect(await configDigest(again)).toBe(await configDigest(image))
    })
  })
})
