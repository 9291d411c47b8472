/** The paths in a state directory. */

import { join } from 'node:path'
import { BUILD, type BuildName, type ResourceKey } from '../store.ts'
import { FORMAT_FILE } from './state-format.ts'

const TEMPORARIES = 'tmp'
const WRITERS = 'writers'
const RECONCILERS = 'reconcilers'
/** What may exist before the file with the format. */
export const OWN_DIRECTORIES: readonly string[] = [TEMPORARIES, WRITERS, RECONCILERS]

/** The name of a directory that no group, kind or namespace can have. */
export const CLUSTER = '_cluster'
/** The directory of Kubernetes' core group, which has an empty name. */
export const CORE = 'core'
export const EXTENSION = '.yaml'
export const BUILD_FILE = 'build.yaml'

export class StateLayout {
  readonly root: string

  constructor(root: string) {
    this.root = root
  }

  get format(): string {
    return join(this.root, FORMAT_FILE)
  }

  get objects(): string {
    return join(this.root, 'objects')
  }

  get builds(): string {
    return join(this.root, 'builds')
  }

  /** Incomplete files; while no process writes, all of them are leftovers. */
  get temporaries(): string {
    return join(this.root, TEMPORARIES)
  }

  /** Claims of processes that change a file. */
  get writers(): string {
    return join(this.root, WRITERS)
  }

  /** Claims of processes that reconcile. */
  get reconcilers(): string {
    return join(this.root, RECONCILERS)
  }

  kind({ group, kind }: ResourceKey['type']): string {
    return join(this.objects, group === '' ? CORE : group, kind)
  }

  file(key: ResourceKey): string {
    if (isBuild(key)) return join(this.build({ namespace: key.namespace ?? CLUSTER, name: key.name }), BUILD_FILE)
    return join(this.kind(key.type), key.namespace ?? CLUSTER, `${key.name}${EXTENSION}`)
  }

  build({ namespace, name }: BuildName): string {
    return join(this.builds, namespace, name)
  }

  log(build: BuildName): string {
    return join(this.build(build), 'log.txt')
  }

  /** The claim of the process that writes the log. */
  logWriter(build: BuildName): string {
    return join(this.build(build), 'log.writer')
  }
}

/** Builds have directories, for their logs. */
export function isBuild({ type }: Pick<ResourceKey, 'type'>): boolean {
  return type.group === BUILD.group && type.kind === BUILD.kind
}

/** Secrets are for the user only. */
export function isSecret({ type }: Pick<ResourceKey, 'type'>): boolean {
  return type.group === '' && type.kind === 'Secret'
}
