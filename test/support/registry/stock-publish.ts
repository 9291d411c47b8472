/**
 * What the stock lifecycle publishes: its phases run one by one, as pack runs them, on images in a registry. cnb's own stock driver
 * puts images on the engine only, and refuses extensions.
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { docker, inspectImage } from '../engines/docker.ts'
import { makeLayer, putImage, type ImageRegistry } from '../images/registry-images.ts'

export interface StockBuild {
  readonly registry: ImageRegistry
  /** What is made: a name in the registry, as is that of the run image. */
  readonly image: string
  readonly runImage: string
  /** On the engine. */
  readonly builder: string
  /** The app's directory. */
  readonly app: string
  readonly platformApi: string
  /** A directory for files of the build, and what the names of its volumes begin with, which stay. */
  readonly scratch: string
  readonly volumes: string
  /** Whether extensions extend both images. */
  readonly extending?: boolean
}

/** Builds without any cache. */
export async function publishStock(build: StockBuild): Promise<void> {
  const { registry, image, builder, runImage, app, platformApi, scratch, volumes, extending = false } = build
  const volume = (name: string, target: string): string[] => ['--volume', `${volumes}.stock-${name}:${target}`]
  const shared = [...volume('layers', '/layers'), ...volume('app', '/workspace'), ...volume('kaniko', '/kaniko')]
  const run = (base: string, user: string[], ...command: string[]): Promise<string> =>
    docker('run', '--rm', '--network', 'host', ...user, '--env', `CNB_PLATFORM_API=${platformApi}`, '--env', 'CNB_EXEC_ENV=production',
      '--env', 'CNB_REGISTRY_AUTH={}', ...shared, '--entrypoint', '', base, ...command)
  const phase = (name: string, ...args: string[]): Promise<string> => run(builder, ['--user', '0:0'], `/cnb/lifecycle/${name}`, ...args)

  await writeFile(join(scratch, 'run.toml'), `[[images]]\nimage = "${runImage}"\n`)
  // As cnb and pack send them.
  const fill = 'cp -R /from/. /workspace && chmod 777 /workspace && cp /scratch/run.toml /layers && chown -R 1001:1000 /workspace /layers'
  const mounts = ['--volume', `${app}:/from:ro`, '--volume', `${scratch}:/scratch:ro`]
  // A new volume begins with what the image has there: the run image has no lifecycle.
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

/** Puts an image of the engine into the registry, without its layers: the restorer wants no more of it. Gives its name there. */
async function putOutline(registry: ImageRegistry, image: string): Promise<string> {
  const { Architecture: architecture, Config: config } = await inspectImage(image)
  const layer = makeLayer('never read')
  const rootfs = { type: 'layers', diff_ids: [layer.diffId] }
  await putImage(registry, 'outline', 'latest', [layer], { os: 'linux', architecture, config, rootfs })
  return `${registry.address}/outline`
}
