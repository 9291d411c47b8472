/** The container of detector and builder, without socket, credentials, capabilities or host files. */

import type { TarEntry } from '../../../archive/tar/tar-writer.ts'
import type { Context } from '../../../base/events.ts'
import { APP_DIR_LABEL, type Container, type ContainerSpec, KEPT_LABEL, type Mount, OWNER_LABEL } from '../../../docker/engine.ts'
import { familiarName } from '../../../oci/reference.ts'
import { CA_BUNDLE_PATH } from '../../ca-bundle.ts'
import { fillContainer, type ContainerContent } from '../../fill-container.ts'
import type { BuildPlan, BuildStart } from '../../lifecycle.ts'
import { appDirOf, detector, LAYERS_DIR } from '../../phase.ts'
import { secretMounts } from '../../secrets/secret-input.ts'
import { replacedDirectories } from '../../replaced-buildpacks.ts'

/** A plan, or its start: a container of an incomplete plan has no added buildpacks. */
export type ContainerPlan = BuildStart & Partial<Pick<BuildPlan, 'buildpacks'>>

/** The differences between the containers of a build. */
export interface BuildContainer {
  readonly command: readonly string[]
  readonly layersVolume: string
  /** Labels of the volume if it is new. */
  readonly volumeLabels: Readonly<Record<string, string>>
  /** For the app's directory. */
  readonly appVolume?: string | undefined
  readonly owner: string
  readonly name?: string
  readonly stdin?: boolean
}

export function buildContainerSpec(plan: ContainerPlan, { command, layersVolume, volumeLabels, appVolume, owner, name, stdin }: BuildContainer): ContainerSpec {
  const { builder, limits } = plan
  return {
    image: builder.image.id,
    command,
    env: [...detector(plan).env, ...(plan.caCertificates ? [`SSL_CERT_FILE=${CA_BUNDLE_PATH}`] : [])],
    user: `${builder.uid}:${builder.gid}`,
    network: plan.network,
    usernsHost: plan.usernsHost,
    platform: plan.platform,
    mounts: [
      { type: 'volume', source: layersVolume, target: LAYERS_DIR, labels: volumeLabels },
      ...(appVolume === undefined ? [] : [{ type: 'volume', source: appVolume, target: appDirOf(plan) } as const]),
      ...replacedDirectories(plan).map(coveredBy(owner)),
      ...plan.volumes,
    ],
    ...secretMounts(plan),
    securityOpt: ['no-new-privileges'],
    capDrop: ['ALL'],
    memory: limits.memory,
    cpus: limits.cpus,
    pidsLimit: limits.pids,
    labels: { [OWNER_LABEL]: owner, ...(plan.keepOnFailure ? { [KEPT_LABEL]: familiarName(plan.image), [APP_DIR_LABEL]: appDirOf(plan) } : {}) },
    name,
    stdin,
  }
}

/** Returns a mount that hides the builder's copy of a replaced buildpack: an anonymous volume, removed with the container. */
function coveredBy(owner: string): (target: string) => Mount {
  return (target) => ({ type: 'volume', source: '', target, empty: true, labels: { [OWNER_LABEL]: owner } })
}

/** The content that the caller already has. */
interface GivenContent {
  /** The tars of the buildpacks, open already. */
  readonly tars?: ContainerContent['tars']
  /** The entry of the app's directory, if the caller sends the content. */
  readonly appDirectory?: TarEntry
}

/**
 * Fills a container that runs buildpacks and has no app yet.
 * @param layers entries for `/layers`, owned by the build user
 */
export function fillBuildContainer(container: Container, plan: BuildPlan, layers: readonly TarEntry[], context: Context, { tars, appDirectory }: GivenContent = {}): Promise<void> {
  const entries = appDirectory ? [...layers, appDirectory] : layers
  return fillContainer(container, plan, { layers: entries, runsBuildpacks: true, needsApp: !appDirectory, tars }, context)
}
