/**
 * The containers in which the extender applies Dockerfiles.
 *
 * It runs as root, because a Dockerfile may change any file, but only with the capabilities that installing packages needs. Like all
 * other containers, they have no socket, credentials or host files.
 */

import { packTar, type TarEntry } from '../../../archive/tar/tar-writer.ts'
import { type Context, step } from '../../../base/events.ts'
import { type ContainerSpec, type Mount, OWNER_LABEL } from '../../../docker/engine.ts'
import type { Container } from '../../../docker/engine.ts'
import { stringifyToml } from '../../../formats/toml.ts'
import { hasFeature } from '../../../formats/api-features.ts'
import type { BuildPlan } from '../../lifecycle.ts'
import { detector, LAYERS_DIR } from '../../phase.ts'
import { buildContainerSpec } from '../run/build-container.ts'
import type { Group } from '../model.ts'
import { KANIKO_DIR } from './base-layout.ts'

const LIFECYCLE_DIR = '/cnb/lifecycle'

/**
 * The capabilities that installing packages needs, each verified by leaving it out: change the owner of files (CHOWN, FOWNER), set
 * their modes and capabilities (FSETID, SETFCAP), read files of other users (DAC_OVERRIDE), switch to other users (SETUID, SETGID),
 * end their processes (KILL), and write audit entries (AUDIT_WRITE), without which `su` and `useradd` fail on kernels with an audit
 * log. An engine's default set also allows device nodes, raw sockets and chroot.
 */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETFCAP', 'AUDIT_WRITE']

/** Returns the builder's container specification, changed for the extender, which runs the build phase as the build user. */
export function buildExtenderSpec(plan: BuildPlan, layersVolume: string, kaniko: Mount, owner: string): ContainerSpec {
  const builder = buildContainerSpec(plan, { command: [], layersVolume, volumeLabels: { [OWNER_LABEL]: owner }, owner })
  return {
    ...builder,
    ...extender(plan, 'build'),
    mounts: [...(builder.mounts ?? []), kaniko],
  }
}

/** Returns the specification of the container that extends the run image. @param image the run image's ID */
export function runExtenderSpec(plan: BuildPlan, image: string, kaniko: Mount, owner: string): ContainerSpec {
  const { limits } = plan
  return {
    image,
    ...extender(plan, 'run'),
    env: detector(plan).env,
    workingDir: '/',
    network: plan.network,
    platform: plan.platform,
    mounts: [...plan.volumes, kaniko],
    securityOpt: ['no-new-privileges'],
    memory: limits.memory,
    cpus: limits.cpus,
    pidsLimit: limits.pids,
    labels: { [OWNER_LABEL]: owner },
  }
}

/** Before Platform API 0.12 the extender has no `-kind` flag and extends only the build image. */
function extender(plan: BuildPlan, kind: 'build' | 'run'): Pick<ContainerSpec, 'command' | 'user' | 'capDrop' | 'capAdd'> {
  const kinds = hasFeature(plan.platformApi, 'runImageExtension') ? ['-kind', kind] : []
  return { command: [`${LIFECYCLE_DIR}/extender`, ...kinds, ...detector(plan).args], user: '0:0', capDrop: ['ALL'], capAdd: CAPABILITIES }
}

/** A container of the builder image with `/layers`; the generated Dockerfiles and the lifecycle are copied from it. */
type Source = Pick<Container, 'getArchive'>

/**
 * Uploads the Dockerfiles, group.toml and `entries` to a container of the run image. `/layers` is not a volume in this container,
 * so no other build can see the extender's output.
 * @param entries analyzed.toml and the layout of the run image
 */
export async function putDockerfiles(
  container: Container, group: Group, entries: readonly TarEntry[], source: Source, context: Context,
): Promise<void> {
  const directories = [LAYERS_DIR, '/cnb', KANIKO_DIR].map(directory)
  await container.putArchive('/', packTar([...directories, groupToml(group), ...entries]), context)
  await copyDirectory(`${LAYERS_DIR}/generated`, source, container, context)
}

/** Uploads the lifecycle, and the app, from which Dockerfiles can copy files. */
export async function putAppAndLifecycle(container: Container, plan: BuildPlan, source: Source, context: Context): Promise<void> {
  const { signal } = context
  const app = (): Promise<void> => container.putArchive('/', packTar(plan.appEntries(context), { signal }), context)
  await step(context, 'uploading the app to extend the run image', app)
  await copyDirectory(LIFECYCLE_DIR, source, container, context)
}

async function copyDirectory(path: string, source: Source, container: Container, context: Context): Promise<void> {
  const archive = await source.getArchive(path, context)
  if (archive) await container.putArchive(path.slice(0, path.lastIndexOf('/')), archive, context)
}

function groupToml(group: Group): TarEntry {
  const extensions = group.extensions.map(({ id, version, api }) => ({ id, version, api }))
  const content = Buffer.from(stringifyToml({ 'group-extensions': extensions }))
  return { ...directory(`${LAYERS_DIR}/group.toml`), type: 'file', mode: 0o644, size: content.length, content }
}

function directory(path: string): TarEntry {
  return { type: 'directory', name: path.slice(1), mode: 0o755, uid: 0, gid: 0, mtime: 0 }
}
