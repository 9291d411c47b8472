/** The polls of a watch: one for each remote, for all resources that it concerns. */

import type { Image } from '../../resources/kinds/image.ts'
import { resourceId, type AnyBuilder } from '../state.ts'

/** Milliseconds between two polls, by kind. */
export interface Intervals {
  readonly git: number
  readonly blobs: number
  /** Of all images in registries: sources, stacks, stores, lifecycles, buildpacks and builders. */
  readonly images: number
  readonly local: number
}

export interface Poll {
  readonly key: string
  readonly kind: 'git' | 'blob' | 'registry' | 'local' | 'base'
  /** Infinity for what cannot change, such as a commit. */
  readonly interval: number
  /** The address of the source, or the names of images. */
  readonly remotes: readonly string[]
  /** The revisions of a git source that are used. */
  readonly revisions: ReadonlySet<string>
  /** The ids of the Images or of the one other resource. */
  readonly resources: readonly string[]
}

/** A stack, store, lifecycle, buildpack or builder, and the names of the images that it is read from. */
export interface PolledBase {
  readonly id: string
  readonly images: readonly string[]
}

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i

/** Returns the polls by their keys. */
export function pollsOf(images: readonly Image[], bases: readonly PolledBase[], intervals: Intervals): Map<string, Poll> {
  const polls = new Map<string, Poll>()
  for (const image of images) {
    const poll = sourcePoll(image, intervals)
    const known = polls.get(poll.key)
    polls.set(poll.key, known ? { ...known, revisions: new Set([...known.revisions, ...poll.revisions]), resources: [...known.resources, ...poll.resources] } : poll)
  }
  for (const { id, images: remotes } of bases) polls.set(id, { key: id, kind: 'base', interval: intervals.images, remotes, revisions: new Set(), resources: [id] })
  return polls
}

function sourcePoll(image: Image, intervals: Intervals): Poll {
  const id = resourceId(image)
  const { git, blob, registry, local } = image.spec.source
  const poll = (kind: Poll['kind'], remote: string, interval: number, revisions: readonly string[] = []): Poll =>
    ({ key: Number.isFinite(interval) ? `${kind} ${remote}` : `${kind} of ${id}`, kind, interval, remotes: [remote], revisions: new Set(revisions), resources: [id] })
  if (git) return poll('git', git.url, COMMIT.test(git.revision) ? Infinity : intervals.git, [git.revision])
  if (blob) return poll('blob', blob.url, intervals.blobs)
  if (registry) return poll('registry', registry.image, registry.image.includes('@sha256:') ? Infinity : intervals.images)
  return poll('local', local?.path ?? '', intervals.local)
}

/** Returns whether a builder may be made from one of the resources. */
export function dependsOn({ kind, spec, metadata: { namespace = '' } }: AnyBuilder, ids: ReadonlySet<string>): boolean {
  const parts = [`ClusterStack//${spec.stack.name ?? ''}`, `ClusterStore//${spec.store?.name ?? ''}`, `ClusterLifecycle//${spec.lifecycle?.name || 'default-lifecycle'}`]
  if (parts.some((id) => ids.has(id))) return true
  return [...ids].some((id) => id.startsWith('ClusterBuildpack//') || (kind === 'Builder' && id.startsWith(`Buildpack/${namespace}/`)))
}
