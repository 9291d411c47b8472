/** The inputs of a build that `--if-changed` compares, by name. */

import { VERSION } from '../../../base/version.ts'
import type { BuildPlan } from '../../../lifecycle/lifecycle.ts'

/** The name of an input in messages, and a value for JSON that is equal if and only if the input is. */
type Input<Value> = readonly [name: string, value: (value: NonNullable<Value>) => unknown]

const same = (value: unknown): unknown => value

/** Every part of the plan that can have an effect on the image; null for a part that has none. A new part does not compile without. */
const INPUTS: { readonly [Key in keyof BuildPlan]-?: Input<BuildPlan[Key]> | null } = {
  builder: ['builder', ({ image }) => image.id],
  platform: ['platform', same],
  platformApi: ['Platform API', same],
  runImage: ['run image', ({ name, image }) => [name, image.id]],
  runImages: ['run image', same],
  order: ['buildpacks', same],
  withoutSystemBuildpacks: ['buildpacks', (value) => value || undefined],
  buildpacks: ['buildpacks', (added) => added.map(({ descriptor, layer }) => [descriptor.kind, descriptor.info, layer.diffId])],
  env: ['environment', (env) => [...env].sort(([a], [b]) => (a < b ? -1 : 1))],
  proxyEnv: ['proxy settings', same],
  bindings: ['bindings', (bindings) => bindings.map(({ name, files }) => [name, [...files].map(([file, content]) => [file, content.toString('base64')])])],
  // Only the names: a record must not help to guess a value.
  secrets: ['secrets', (secrets) => (secrets.length > 0 ? secrets.map(({ name }) => name).sort() : undefined)],
  caCertificates: ['certificates', (pem) => pem.toString('base64')],
  projectMetadata: ['project descriptor', same],
  execEnv: ['execution environment', same],
  creationTime: ['creation time', same],
  labels: ['labels', (labels) => (labels.size > 0 ? [...labels] : undefined)],
  annotations: ['annotations', ({ manifest, index }) => [manifest, index]],
  defaultProcess: ['default process', same],
  network: ['network', same],
  user: ['build user', same],
  usernsHost: ['build user', same],
  appDir: ['workspace', same],
  limits: ['resource limits', same],
  trusted: ['lifecycle', same],
  phaseImage: ['lifecycle', same],
  leavesEngine: ['targets', same],
  // The names: all of them must have the image. The volume with the record belongs to them.
  image: null,
  tags: null,
  // Functions; the app's files are compared on their own.
  appEntries: null,
  appStatus: null,
  findRunImage: null,
  engineId: null,
  // Compared by incomparableInput, since no record can have them.
  clearCache: null,
  previousImage: null,
  volumes: null,
  // Without an effect on the image.
  cacheVolumes: null,
  cacheDirectory: null,
  cacheImage: null,
  dockerHost: null,
  sbomOutputDir: null,
  reportOutputDir: null,
  verbose: null,
  explain: null,
  keepOnFailure: null,
}

/** Inputs that are not in the plan. */
export interface OtherInputs {
  /** The content of the app (project/app-digest.ts). */
  readonly app: string
  readonly lifecycle: 'native' | 'stock'
  readonly sparse: boolean
  /** The platforms of the index that the image is a part of. */
  readonly platforms?: readonly string[]
}

/** Returns the inputs as text, by name. They contain secrets. */
export function inputsOf(plan: BuildPlan, { app, lifecycle, sparse, platforms }: OtherInputs): Map<string, string> {
  const values = new Map<string, unknown[]>([['app files', [app]], ['version of cnb', [VERSION]], ['lifecycle', [lifecycle]], ['targets', [sparse]]])
  if (platforms) values.set('platforms', [platforms])
  for (const key of Object.keys(INPUTS) as (keyof BuildPlan)[]) {
    const [name, valueOf] = (INPUTS[key] ?? []) as Partial<Input<unknown>>
    if (name === undefined || valueOf === undefined) continue
    const value = plan[key]
    values.set(name, [...(values.get(name) ?? []), key, value === undefined ? null : valueOf(value)])
  }
  return new Map([...values].map(([name, list]) => [name, JSON.stringify(list)]))
}

/** Returns why a build must run with any record; undefined if all inputs can be compared. */
export function incomparableInput({ clearCache, previousImage, volumes }: Pick<BuildPlan, 'clearCache' | 'previousImage' | 'volumes'>): string | undefined {
  if (clearCache) return '--clear-cache requires a build'
  if (previousImage !== undefined) return '--previous-image names an image that can change'
  return volumes.length > 0 ? 'the files of --volume are not compared' : undefined
}
