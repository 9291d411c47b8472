/** The container of an app, as data. */

import type { Context } from '../../base/events.ts'
import type { ContainerSpec, Engine, Mount, PublishedPort } from '../../docker/engine.ts'
import type { Image } from '../../images/image.ts'
import { readBuildEnv } from '../build/build-project.ts'
import { parseCpus, parseMemory, parseMount } from '../build/build-values.ts'
import type { Host } from '../services.ts'
import { type AppProcess, chooseProcess } from './app-process.ts'
import { addressOf, choosePorts, parsePort } from './ports.ts'

/** The settings of an app's container, as typed. */
export interface AppOptions {
  /** The type of the process; default: the image's. */
  readonly process?: string
  /** `[address:][port:]container[/udp]` */
  readonly ports?: string[]
  /** `NAME=value`, or `NAME` for the host's value. */
  readonly env?: string[]
  readonly envFiles?: string[]
  /** `source:target[:ro|rw]` */
  readonly volumes?: string[]
  readonly network?: string
  readonly memory?: string
  readonly cpus?: string
  readonly pidsLimit?: number
}

/** The same, read and checked. */
export interface AppSettings extends Pick<AppOptions, 'process' | 'network'>, Pick<ContainerSpec, 'memory' | 'cpus' | 'pidsLimit'> {
  readonly args: readonly string[]
  readonly ports: readonly PublishedPort[]
  readonly env: ReadonlyMap<string, string>
  readonly mounts: readonly Mount[]
}

/** @param args the arguments of the process @throws CnbError CNB_USAGE, CNB_DESCRIPTOR_INVALID */
export async function readAppSettings(options: AppOptions, args: readonly string[], host: Host, context: Context): Promise<AppSettings> {
  const { process, network, pidsLimit } = options
  return {
    ...{ process, network, args, pidsLimit },
    ports: (options.ports ?? []).map(parsePort),
    mounts: (options.volumes ?? []).map((text) => parseMount(text, host.cwd, 'rw')),
    memory: options.memory === undefined ? undefined : parseMemory(options.memory),
    cpus: options.cpus === undefined ? undefined : parseCpus(options.cpus),
    env: await readBuildEnv(options, { project: undefined, app: host.cwd }, host, context),
  }
}

/** A container to create for an app, and where the app answers. */
export interface AppContainer extends Pick<AppProcess, 'type'> {
  readonly spec: ContainerSpec
  readonly ports: readonly PublishedPort[]
  /** Where the app's first port answers; undefined without one. */
  readonly url?: string
  /** How to reach `url`, for an engine on another machine. */
  readonly note?: string
}

/** Plans the container of an app. @throws CnbError CNB_USAGE for a process that the image does not have */
export async function planAppContainer(image: Image, settings: AppSettings, engine: Engine, context: Context): Promise<AppContainer> {
  const { network, args, env, mounts, memory, cpus, pidsLimit } = settings
  const { type, command, env: selection } = chooseProcess(image, settings.process, args)
  const { published, app } = choosePorts(settings.ports, env, image.config.config, network)
  const first = network === 'host' ? { address: '127.0.0.1', port: app } : published.find(({ protocol }) => protocol === 'tcp')
  const { hasInit } = await engine.info(context)
  return {
    ...(type === undefined ? {} : { type }),
    ports: published,
    ...(first && addressOf(first, engine.address)),
    spec: {
      image: image.id,
      command,
      env: [...selection, ...(env.has('PORT') || network === 'none' ? [] : [`PORT=${app}`]), ...[...env].map(([name, value]) => `${name}=${value}`)],
      ...{ network, mounts, memory, cpus, pidsLimit },
      ports: published,
      init: hasInit || undefined,
    },
  }
}
