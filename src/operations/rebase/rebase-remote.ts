/** `cnb rebase --publish`: rebases images in registries, without an engine. */

import { resolve } from 'node:path'
import { step, type Context } from '../../base/events.ts'
import type { Registries } from '../../registry/registry.ts'
import { readConfig } from '../config/config-file.ts'
import { listImages, type ImageListOptions } from './image-list.ts'
import { CONCURRENCY, rebaseMany, type RebaseManyResult, type RebaseSummary } from './rebase-many.ts'
import type { RebaseResult } from './rebase-result.ts'
import { readRegistrySettings, type RegistryOptions } from '../config/registry-settings.ts'
import { RemoteRebaser, type RemoteRebaseOptions } from './remote-rebaser.ts'
import type { RegistryServices } from '../services.ts'

type Common = Omit<RemoteRebaseOptions, 'image' | 'previousImage' | 'tags'> & RegistryOptions & { readonly concurrency?: number }

export interface RebaseRemoteOptions extends Common, Omit<RemoteRebaseOptions, 'tags'> {
  readonly reportOutputDir?: string
}

export interface RebaseFleetOptions extends Common, ImageListOptions {}

/** The result of a fleet rebase, with transfer totals. */
export interface FleetResult extends RebaseManyResult {
  readonly summary: RebaseSummary & { readonly mountedBlobs: number; readonly copiedBytes: number }
}

/** Rebases one image. @throws CnbError those of RemoteRebaser.rebase, CNB_OUTPUT, CNB_USAGE */
export async function rebaseRemote(options: RebaseRemoteOptions, remote: RegistryServices, context: Context): Promise<RebaseResult> {
  const rebaser = new RemoteRebaser(await open(options, remote, context), await readConfig(remote.host, context))
  const result = await step(context, `rebasing ${options.image}`, () => rebaser.rebase(options, context))
  const { reportOutputDir } = options
  if (reportOutputDir !== undefined && !options.dryRun) {
    const { writeReport } = await import('./rebase-report.ts')
    await writeReport(resolve(remote.host.cwd, reportOutputDir), { tags: [result.image], manifest: result.manifest })
  }
  return result
}

/**
 * Rebases many images; the failure of one does not stop the others.
 * @param input the standard input, for a list of images
 * @throws CnbError those of listImages, and the abort reason
 */
export async function rebaseFleet(
  options: RebaseFleetOptions,
  remote: RegistryServices,
  input: AsyncIterable<Buffer>,
  context: Context,
): Promise<FleetResult> {
  const { concurrency = CONCURRENCY, dryRun = false, runImage, force } = options
  const registries = await open(options, remote, context)
  const images = await listImages(options, { cwd: remote.host.cwd, input, registries }, context)
  const rebaser = new RemoteRebaser(registries, await readConfig(remote.host, context))
  const rebase = (image: string, within: Context): Promise<RebaseResult> => rebaser.rebase({ image, runImage, force, dryRun }, within)
  const { images: reports, summary } = await rebaseMany({ images, concurrency, dryRun }, rebase, context)
  return { images: reports, summary: { ...summary, mountedBlobs: rebaser.blobs.mounted, copiedBytes: rebaser.blobs.copiedBytes } }
}

async function open({ concurrency, ...options }: Common, remote: RegistryServices, context: Context): Promise<Registries> {
  return remote.registries({ ...(await readRegistrySettings(options, remote.host, context)), ...(concurrency === undefined ? {} : { concurrency }) })
}
