/** Uploads a build's input into a container of the builder image before it starts. */

import type { Readable } from 'node:stream'
import { packTar, type TarEntry } from '../archive/tar/tar-writer.ts'
import { type Context, step } from '../base/events.ts'
import type { Container } from '../docker/engine.ts'
import { platformEntries } from '../project/platform-directory.ts'
import { caBundleEntry, caEnv } from './ca-bundle.ts'
import type { BuildPlan } from './lifecycle.ts'

export interface ContainerContent {
  /** Entries for `/layers`, owned by the build user. */
  readonly layers: readonly TarEntry[]
  /** Whether the container runs buildpacks, which need their files and those of `/platform`. */
  readonly runsBuildpacks: boolean
  /** Whether the app must be uploaded. */
  readonly needsApp: boolean
  /** The tars of the buildpacks, if they are open already. */
  readonly tars?: readonly Promise<Readable>[] | undefined
}

/**
 * Uploads everything except buildpacks, which are tars already, as one tar: an engine takes about 50 ms to start unpacking one.
 * @throws CnbError CNB_ENGINE_*, CNB_BUILDER_INVALID, and the errors of reading the app and the buildpacks
 */
export async function fillContainer(
  container: Container,
  plan: BuildPlan,
  { layers, runsBuildpacks, needsApp, tars }: ContainerContent,
  context: Context,
): Promise<void> {
  const { signal } = context
  for (const [at, { layer }] of (runsBuildpacks ? plan.buildpacks : []).entries()) {
    await container.putArchive('/', await (tars?.[at] ?? layer.open(signal)), context)
  }
  const env = plan.caCertificates ? new Map([...caEnv(), ...plan.env]) : plan.env
  const ours = [
    ...layers,
    ...(runsBuildpacks ? platformEntries({ env, bindings: plan.bindings }) : []),
    ...(plan.caCertificates ? [await caBundleEntry(container, plan.caCertificates, context)] : []),
  ]
  if (needsApp) {
    const entries = withApp(ours, plan.appEntries(context))
    await step(context, 'uploading the app', () => container.putArchive('/', packTar(entries, { signal }), context))
  } else if (ours.length > 0) {
    await container.putArchive('/', packTar(ours, { signal }), context)
  }
}

async function* withApp(ours: readonly TarEntry[], app: AsyncIterable<TarEntry>): AsyncGenerator<TarEntry> {
  yield* ours
  yield* app
}
