/** The one container that runs the builder's detector and builder: no socket, no credential, no capability, nothing of the host. */

import type { TarEntry } from '../../archive/tar-writer.ts'
import { packTar } from '../../archive/tar-writer.ts'
import { type Context, step } from '../../base/events.ts'
import { type Container, type ContainerSpec, type Mount, OWNER_LABEL } from '../../docker/engine.ts'
import { platformEntries } from '../../project/platform-files.ts'
import { CA_BUNDLE_PATH, caBundleEntry, caEnv } from '../ca-bundle.ts'
import type { BuildPlan } from '../lifecycle.ts'
import { detector, LAYERS_DIR } from '../phase.ts'
import { replacedDirectories } from '../replaced-buildpacks.ts'
import type { LayerContents, Restoration } from './model.ts'

/** What differs between the containers of one build. */
export interface BuildContainer {
  readonly command: readonly string[]
  readonly layersVolume: string
  /** Labels of the volume if it is new. */
  readonly volumeLabels: Readonly<Record<string, string>>
  readonly owner: string
  readonly name?: string
  readonly stdin?: boolean
}

export function buildContainerSpec(plan: BuildPlan, { command, layersVolume, volumeLabels, owner, name, stdin }: BuildContainer): ContainerSpec {
  const { builder, limits } = plan
  return {
    image: builder.image.id,
    command,
    env: [...detector(plan).env, ...(plan.caCertificates ? [`SSL_CERT_FILE=${CA_BUNDLE_PATH}`] : [])],
    user: `${builder.uid}:${builder.gid}`,
    network: plan.network,
    platform: plan.platform,
    mounts: [
      { type: 'volume', source: layersVolume, target: LAYERS_DIR, labels: volumeLabels },
      ...replacedDirectories(plan).map(coveredBy(owner)),
      ...plan.volumes,
    ],
    securityOpt: ['no-new-privileges'],
    capDrop: ['ALL'],
    memory: limits.memory,
    cpus: limits.cpus,
    pidsLimit: limits.pids,
    labels: { [OWNER_LABEL]: owner },
    name,
    stdin,
  }
}

/** An anonymous volume over the builder's own copy of a buildpack that the build brings; it goes with the container. */
function coveredBy(owner: string): (target: string) => Mount {
  return (target) => ({ type: 'volume', source: '', target, empty: true, labels: { [OWNER_LABEL]: owner } })
}

/**
 * Fills a container that has not been started: what the build brings in one upload, but for buildpacks, which are tars already.
 * @param layers entries for `/layers`, the build user's
 */
export async function fillBuildContainer(
  container: Container,
  plan: BuildPlan,
  layers: readonly TarEntry[],
  context: Context,
): Promise<void> {
  const { signal } = context
  for (const { layer } of plan.buildpacks) await container.putArchive('/', await layer.open(signal), context)
  const env = plan.caCertificates ? new Map([...caEnv(), ...plan.env]) : plan.env
  const ours = [
    ...layers,
    ...platformEntries({ env, bindings: plan.bindings }),
    ...(plan.caCertificates ? [await caBundleEntry(container, plan.caCertificates, context)] : []),
  ]
  await step(context, 'uploading the app', () => container.putArchive('/', packTar(withApp(ours, plan.appEntries(context)), { signal }), context))
}

/** Brings the contents of kept layers that are not in the volume, where there is no file of theirs. @throws CnbError CNB_RESTORE_FAILED */
export async function uploadContents(
  container: Container,
  restoration: Restoration,
  contents: LayerContents | undefined,
  context: Context,
): Promise<void> {
  for (const [id, { kept }] of restoration) {
    for (const { layer, fingerprint } of kept) {
      if (!contents || fingerprint !== '') continue
      const tar = packTar(contents.entries(id, layer, context), { signal: context.signal })
      await step(context, `restoring layer '${id}:${layer}'`, () => container.putArchive('/', tar, context))
    }
  }
}

async function* withApp(ours: readonly TarEntry[], app: AsyncIterable<TarEntry>): AsyncGenerator<TarEntry> {
  yield* ours
  yield* app
}
