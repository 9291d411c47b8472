/**
 * Publishes an image with the stock lifecycle.
 *
 * Runs the phases one by one, as pack does, on images in a registry. cnb's stock driver
 * saves images only on the engine, and does not support extensions.
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { docker, inspectImage } from '../engines/docker.ts'
import { makeLayer, putImage, type ImageRegistry } from '../images/registry-images.ts'

export interface StockBuild {
  readonly registry: ImageRegistry
  /** The name of the new image, which is in the registry, as the run image is. */
  readonly image: string
  readonly runImage: string
  /** The builder's name on the engine. */
  readonly builder: string
  /** The app's directory. */
  readonly app: string
  readonly platformApi: string
  /** A directory for files of the build; its name is the prefix of the volumes, which are not removed. */
  readonly scratch: string
  readonly volumes: string
  /** Whether extensions extend both images. */
  readonly extending?: boolean
}

/** Builds without a cache. */
export async function publishStock(build: StockBuild): Promise<void> {
  const { registry, image, builder, runImage, app, platformApi, scratch, volumes, extending = false } = build
  const volume = (name: string, target: string): string[] => ['--volume', `${volumes}.stock-${name}:${target}`]
  const shared = [...volume('layers', '/layers'), ...volume('app', '/workspace'), ...volume('kaniko', '/kaniko')]
  const run = (base: string, user: string[], ...command: string[]): Promise<string> =>
    docker('run', '--rm', '--network', 'host', ...user, '--env', `CNB_PLATFORM_API=${platformApi}`, '--env', 'CNB_EXEC_ENV=production',
      '--env', 'CNB_REGISTRY_AUTH={}', ...shared, '--entrypoint', '', base, ...command)
  const phase = (name: string, ...args: string[]): Promise<string> => run(builder, ['--user', '0:0'], `/cnb/lifecycle/${name}`, ...args)

  await writeFile(join(scratch, 'run.toml'), `[[images]]\nimage = "${runImage}"\n`)
  // The app and the files as cnb and pack upload them.
  const fill = 'cp -R /from/. /workspace && chmod 777 /workspace && cp /scratch/run.toml /layers && chown -R 1001:1000 /workspace /layers'
  const mounts = ['--volume', `${app}:/from:ro`, '--volume', `${scratch}:/scratch:ro`]
  // A new volume starts with the image's files, and the run image has no lifecycle.
  const lifecycle = volume('lifecycle', '/cnb/lifecycle')
  await run(builder, ['--user', '0:0', ...mounts, ...lifecycle], 'bash', '-c', fill)
  await phase('analyzer', '-run', '/layers/run.toml', '-run-image', runImage, image)
  await run(builder, [], '/cnb/lifecycle/detector', '-app', '/workspace')
  await phase('restorer', '-run', '/layers/run.toml', ...(extending ? ['-build-image', await putOutline(registry, builder)] : []))
  if (extending) {
    await phase('extender', '-kind', 'build', '-app', '/workspace')
    const user = ['--env', 'CNB_USER_ID=1001', '--env', 'CNB_GROUP_ID=1000']
    await run(runImage, ['--user', '0:0', ...user, ...lifecycle], '/cnb/lifecycle/extender', '-kind', 'run', '-app', '/workspace')
  } else {
    await run(builder, [], '/cnb/lifecycle/builder', '-app', '/workspace')
  }
  await phase('exporter', '-app', '/workspace', '-run', '/layers/run.toml', image)
}

/** Copies an image of the engine to the registry without its layers, which the restorer does not need; returns its name. */
async function putOutline(registry: ImageRegistry, image: string): Promise<string> {
  const { Architecture: architecture, Config: config } = await inspectImage(image)
  const layer = makeLayer('never read')
  const rootfs = { type: 'layers', diff_ids: [layer.diffId] }
  await putImage(registry, 'outline', 'latest', [layer], { os: 'linux', architecture, config, rootfs })
  return `${registry.address}/outline`
}
