/** What a build brings into a container of the builder image before it starts. */

import { packTar, type TarEntry } from '../archive/tar/tar-writer.ts'
import { type Context, step } from '../base/events.ts'
import type { Container } from '../docker/engine.ts'
import { platformEntries } from '../project/platform-files.ts'
import { caBundleEntry, caEnv } from './ca-bundle.ts'
import type { BuildPlan } from './lifecycle.ts'

export interface Filling {
  /** Entries for `/layers`, the build user's. */
  readonly layers: readonly TarEntry[]
  /** Whether buildpacks run in it: they need their own files, and the platform's. */
  readonly runsBuildpacks: boolean
  /** Whether the app is not there yet. */
  readonly needsApp: boolean
}

/**
 * One tar for everything of ours but for buildpacks, which are tars already: whatever is in it, an engine takes some 50 ms to begin
 * unpacking.
 */
export async function fillContainer(
  container: Container,
  plan: BuildPlan,
  { layers, runsBuildpacks, needsApp }: Filling,
  context: Context,
): Promise<void> {
  const { signal } = context
  for (const { layer } of runsBuildpacks ? plan.buildpacks : []) await container.putArchive('/', await layer.open(signal), context)
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
