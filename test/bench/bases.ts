/** A run image with new contents in all layers, and the two ways to rebase an app onto it. */

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { docker, inspectImage } from '../support/engines/docker.ts'
import { BUILDER, SAMPLE_RUN_IMAGE } from '../support/script-builder.ts'
import type { Workbench } from '../support/workbench.ts'
import { type Measurement, measure, measureCnb } from './measure.ts'

/** Not the usual path, at which Engine 28.5 does not mount it if the image's /var/run is an absolute link. */
const SOCKET = '/docker.sock'

const execute = promisify(execFile)

export class BaseMover {
  readonly name: string
  readonly #bench: Workbench
  #before: string | undefined

  constructor(bench: Workbench) {
    this.#bench = bench
    this.name = bench.image()
  }

  /** Moves the name to a new image like the sample's run image. */
  async move(): Promise<void> {
    const next = this.#bench.image()
    await importLike(SAMPLE_RUN_IMAGE, next)
    await docker('tag', next, this.name)
    if (this.#before !== undefined) await docker('image', 'rm', this.#before)
    this.#before = next
  }

  rebase(image: string): Promise<Measurement> {
    return measureCnb(['rebase', image, '--pull-policy', 'never', '--run-image', this.name, '--force'])
  }

  /** Runs the builder's rebaser as `pack` does: as root, with the engine's socket. */
  async rebaseByStock(image: string): Promise<Measurement> {
    const socket = (process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock').replace('unix://', '')
    const api = await docker('version', '--format', '{{.Server.APIVersion}}')
    const env = [`DOCKER_HOST=unix://${SOCKET}`, `DOCKER_API_VERSION=${api}`, 'CNB_PLATFORM_API=0.14']
    return measure('docker', [
      'run', '--rm', '--user', 'root', '--network', 'none', '--volume', `${socket}:${SOCKET}`, ...env.flatMap((entry) => ['--env', entry]),
      '--entrypoint', '/cnb/lifecycle/rebaser', BUILDER, '-daemon', '-force', '-run-image', this.name, image,
    ])
  }
}

/** Creates an image with the configuration of `original` and one layer: its files and a new one. */
async function importLike(original: string, name: string): Promise<void> {
  const { Config } = await inspectImage(original)
  const changes = [
    ...Config.Env.map((entry) => `ENV ${entry}`),
    ...Object.entries(Config.Labels ?? {}).map(([key, value]) => `LABEL ${JSON.stringify(key)}=${JSON.stringify(value)}`),
    `USER ${Config.User}`,
  ].flatMap((change) => ['--change', change])
  const script = `echo ${randomBytes(16).toString('hex')} >/etc/base-version`
  const container = await docker('create', '--user', 'root', '--network', 'none', '--entrypoint', 'bash', original, '-c', script)
  try {
    await docker('start', '--attach', container)
    await execute('bash', ['-c', 'docker export "$1" | docker import "${@:3}" - "$2"', 'bash', container, name, ...changes])
  } finally {
    await docker('rm', '--force', container)
  }
}
