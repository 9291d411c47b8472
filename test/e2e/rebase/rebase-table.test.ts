/**
 * Rebases by cnb and by the lifecycle's rebaser (the sample builder's binary, without a container).
 *
 * The images are equal. Compares exit codes, every byte of the configuration, and the reports.
 */

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseToml } from '../../../src/formats/toml.ts'
import type { ImageManifest } from '../../../src/oci/manifest.ts'
import { runCnb } from '../../support/cnb.ts'
import { loadImage } from '../../support/images/crafted-image.ts'
import { docker, imageId } from '../../support/engines/docker.ts'
import { configDigest } from '../../support/images/image-contents.ts'
import { REBASE_CASES, type CraftedRun, type RebaseCase } from '../../support/images/rebase-cases.ts'
import { ALL_LAYERS, appImage, diffIdOf, runImage } from '../../support/images/rebase-images.ts'
import { getBlob, getDocument, putImage } from '../../support/images/registry-images.ts'
import { startRegistry, type Registry } from '../../support/registry/registry.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const REBASER = join(import.meta.dirname, '../../../builders/sample/lifecycle/out/lifecycle/rebaser')
const OLD_DIGEST = `sha256:${'0'.repeat(64)}`

const bench = await makeWorkbench()
let registry: Registry

beforeAll(async () => {
  registry = await startRegistry()
})

afterAll(async () => {
  await registry[Symbol.asyncDispose]()
  await bench.clear()
})

interface Run {
  readonly exit: number | undefined
  readonly said: string
  /** The members of `[image]` in report.toml; empty without a report. */
  readonly reported: readonly string[]
}

interface Outcome extends Run {
  /** Of the image that has the name afterwards: its configuration; on an engine the digest of that, which covers the layers too. */
  readonly config: string
  readonly diffIds: readonly string[]
}

/** Rebases `<image>theirs:1` and `<image>ours:1`, or creates other images from them. */
async function runBoth(
  { asked, force, copied }: RebaseCase,
  image: string,
  named: (text: string) => string,
  [theirs, ours]: readonly [theirs: readonly string[], ours: readonly string[]],
  env: Readonly<Record<string, string>>,
): Promise<[theirs: Run, ours: Run]> {
  const options = (dash: string, name: string): string[] => [
    ...(asked === undefined ? [] : [`${dash}run-image`, named(asked)]),
    ...(force ? [`${dash}force`] : []),
    ...(copied ? [`${dash}previous-image`, `${image}${name}:1`, `${image}${name}:copy`] : [`${image}${name}:1`]),
  ]
  const reports = await bench.directory({})
  const first = await runRebaser([...theirs, '-report', join(reports, 'theirs.toml'), ...options('-', 'theirs')], env)
  const second = await runCnb(['rebase', ...ours, '--report-output-dir', reports, ...options('--', 'ours')])
  return [
    { ...first, reported: await membersOf(join(reports, 'theirs.toml')) },
    { exit: second.code, said: second.stdout + second.stderr, reported: await membersOf(join(reports, 'report.toml')) },
  ]
}

function runRebaser(args: readonly string[], more: Readonly<Record<string, string>>): Promise<Pick<Run, 'exit' | 'said'>> {
  const env = { ...process.env, CNB_PLATFORM_API: '0.15', CNB_REGISTRY_AUTH: '{}', ...more }
  return new Promise((resolve) => {
    const child = execFile(REBASER, args, { env }, (_, stdout, stderr) => resolve({ exit: child.exitCode ?? undefined, said: stdout + stderr }))
  })
}

async function membersOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '[image]\n')
  return Object.keys((parseToml(text, path) as { image: object }).image).sort()
}

function compare({ exit, differs }: RebaseCase, theirs: Outcome, ours: Outcome): void {
  expect(theirs.exit, theirs.said).toBe(exit)
  expect(ours.exit, ours.said).toBe(differs?.exit ?? exit)
  // With any other exit code, at least one of the two created no image.
  if (differs?.exit !== undefined) return
  const expected = differs?.layers ? withLayers(theirs.config, differs.layers) : theirs.config
  expect(ours.config).toBe(differs?.config ? differs.config(expected) : expected)
  expect(ours.diffIds).toEqual(differs?.layers?.map(diffIdOf) ?? theirs.diffIds)
  expect(ours.reported).toEqual(theirs.reported)
}

/** The bytes of a configuration with other layers. */
function withLayers(config: string, layers: readonly string[]): string {
  const history = layers.map(() => ({ created: '1980-01-01T00:00:01Z' }))
  return config
    .replace(/"history":\[.*?\]/, `"history":${JSON.stringify(history)}`)
    .replace(/"diff_ids":\[.*?\]/, `"diff_ids":${JSON.stringify(layers.map(diffIdOf))}`)
}

describe.concurrent('in a registry', () => {
  /** A repository with all layers: the registry does not store one blob twice at the same time, so other repositories mount them from here. */
  const LAYERS = 'layers'
  beforeAll(() => putImage(registry, LAYERS, 'all', ALL_LAYERS, {}))

  /** Run images that most cases share: stored once, one after the other, for the same reason. */
  const present = new Map<string, Promise<string>>()
  let last: Promise<unknown> = Promise.resolve()

  function putRun(repository: string, tag: string, run: CraftedRun = {}): Promise<string> {
    const name = `${repository}:${tag}`
    const put = async (): Promise<string> => {
      const { layers, config } = runImage(run)
      const { digest } = await putImage(registry, repository, tag, layers, config, LAYERS)
      if (run.isIndex) await registry.index(repository, tag)
      return digest
    }
    const putting = present.get(name) ?? last.then(put)
    if (!present.has(name)) last = putting
    present.set(name, putting)
    return putting
  }

  async function rebase(each: RebaseCase, at: number): Promise<[theirs: Outcome, ours: Outcome]> {
    const { app = {}, run, asked, copied } = each
    const place = run === undefined ? 'shared' : `case-${at}`
    let digest = ''
    for (const [, name = '', tag = 'latest'] of `%run ${asked} ${JSON.stringify(app.metadata)}`.matchAll(/%(\w+)(?::(\w+))?/g)) {
      digest = await putRun(`${place}/${name}`, tag, run)
    }
    const prefix = `${registry.address}/${place}/`
    const named = (text: string): string => text.replaceAll('%', prefix).replaceAll('@NEW', `@${digest}`).replaceAll('@OLD', `@${OLD_DIGEST}`)
    const { layers, config } = appImage(app, named)
    for (const whose of ['theirs', 'ours']) await putImage(registry, `case-${at}/${whose}`, '1', layers, config, LAYERS)
    const [theirs, ours] = await runBoth(each, `${registry.address}/case-${at}/`, named, [[], ['--publish']], {})
    const tag = copied ? 'copy' : '1'
    return [{ ...theirs, ...(await stored(`case-${at}/theirs`, tag)) }, { ...ours, ...(await stored(`case-${at}/ours`, tag)) }]
  }

  async function stored(repository: string, tag: string): Promise<Pick<Outcome, 'config' | 'diffIds'>> {
    const found = await getDocument<ImageManifest>(registry, repository, tag)
    if (!found) throw new Error(`no ${repository}`)
    const { config, layers } = found.document
    // The contents of a layer identify it; the configuration may be wrong.
    const diffIds = layers.map(({ digest }) => ALL_LAYERS.find(({ descriptor }) => descriptor.digest === digest)?.diffId ?? digest)
    return { config: (await getBlob(registry, repository, config.digest)).toString(), diffIds }
  }

  it.each(REBASE_CASES.filter(({ engine }) => engine !== 'only').map((each, at) => [each.title, each, at] as const))('%s', async (_, each, at) => {
    compare(each, ...(await rebase(each, at)))
  })
})

describe.concurrent('on the engine', () => {
  let api = ''
  beforeAll(async () => {
    api = await docker('version', '--format', '{{.Server.APIVersion}}')
  })

  async function rebase(each: RebaseCase): Promise<[theirs: Outcome, ours: Outcome]> {
    const { app = {}, run, copied } = each
    const prefix = `${bench.image()}-`
    const base = runImage(run)
    await loadImage(['run:latest', 'run:1', 'run:2', 'mirror:1', 'mirror:2', 'other:latest'].map((name) => prefix + name), base.config, base.tars)
    const id = await imageId(`${prefix}run`)
    const named = (text: string): string => text.replaceAll('%', prefix).replaceAll('@OLD', `@${OLD_DIGEST}`).replaceAll('@ID', id)
    const { config, tars } = appImage(app, named)
    await loadImage([`${prefix}theirs:1`, `${prefix}ours:1`], config, tars)
    const [theirs, ours] = await runBoth(each, prefix, named, [['-daemon'], ['--pull-policy', 'never']], { DOCKER_API_VERSION: api })
    const tag = copied ? 'copy' : '1'
    const configs = [await configDigest(`${prefix}theirs:${tag}`), await configDigest(`${prefix}ours:${tag}`)] as const
    return [{ ...theirs, config: configs[0], diffIds: [] }, { ...ours, config: configs[1], diffIds: [] }]
  }

  it.each(REBASE_CASES.filter(({ engine }) => engine !== undefined).map((each) => [each.title, each] as const))('%s', async (_, each) => {
    compare(each, ...(await rebase(each)))
  })
})
