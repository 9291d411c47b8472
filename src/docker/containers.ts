/** Creates, lists and removes containers of an engine. */

import { randomBytes } from 'node:crypto'
import { throwIfAborted } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { formatPlatform } from '../oci/platform.ts'
import type { EngineClient } from './connection/client.ts'
import { EngineContainer } from './container.ts'
import type { Container, Containers, ContainerSpec, EngineInfo, Mount, PublishedPort } from './engine.ts'
import { engineRefusal, engineStatus } from './engine-errors.ts'
import { killContainer, startContainer, startExec } from './connection/exec.ts'
import { CreateGracePeriod } from './create-grace-period.ts'
import { discardContainer, discardLost, type LeftContainers, removeContainer } from './remove-container.ts'
import { recordOf, recordsOf, stringMapOf, stringOf, stringsOf } from '../formats/lenient-values.ts'

/** Properties of the engine, which are read before the first container is created. */
export interface EngineTraits extends Pick<EngineInfo, 'product'> {
  /** Undefined if the process may continue after Container.leave. */
  readonly left: LeftContainers | undefined
}

export function makeContainers(client: EngineClient, traits: () => Promise<EngineTraits>): Containers {
  return {
    create: async (spec, context) => create(client, await traits(), spec, context),
    list: (label, context) => list(client, label, context),
    start: (id, context) => startContainer(client, id, context),
    kill: (id) => killContainer(client, id),
    exec: (id, spec, context) => startExec(client, id, spec, context),
    remove: (id) => removeContainer(client, id),
  }
}

/** Distinguishes a container from others of its name, for an engine that never replies to its creation. */
const CREATION_LABEL = 'dev.cnb.creation'

/**
 * The request does not use the caller's signal: an engine continues to create after its client disconnects, so the result must be known
 * to leave nothing behind.
 */
async function create(client: EngineClient, { left, product }: EngineTraits, spec: ContainerSpec, context: Context = {}): Promise<Container> {
  const { signal } = context
  throwIfAborted(signal)
  // One of them may have the name.
  if (spec.name !== undefined) await left?.settled()
  await discardLost(client, context)
  const creation = randomBytes(8).toString('hex')
  const name = spec.name ?? `cnb-${creation}`
  const labels = { ...spec.labels, [CREATION_LABEL]: creation }
  let made: string | undefined
  const task = `cannot create a container from ${spec.image}`
  using grace = new CreateGracePeriod(signal)
  try {
    const query = { name, platform: spec.platform && formatPlatform(spec.platform) }
    const reply = await client.json({ task, method: 'POST', path: '/containers/create', query, body: bodyOf({ ...spec, labels }), signal: grace.signal })
    const id = stringOf(recordOf(reply).Id)
    if (id === undefined) throw engineRefusal(task, 0, 'the engine returned no ID')
    made = id
    throwIfAborted(signal)
    return new EngineContainer(client, { id, stdin: spec.stdin ?? false, left, product }, context)
  } catch (error) {
    const status = engineStatus(error)
    if (made !== undefined) await discardContainer(client, made, context)
    else if (spec.name !== undefined) await discardNamed(client, { name, creation, status, task }, context)
    // A refusal created nothing; after any other error there may be a container.
    else if (status === undefined) await discardContainer(client, name, context)
    throwIfAborted(signal)
    throw error
  }
}

interface NamedCreation {
  readonly name: string
  readonly creation: string
  /** The status of the engine's reply; undefined without a reply. */
  readonly status: number | undefined
  readonly task: string
}

/**
 * Removes the container of a failed creation, but no other container of its name.
 * @throws CnbError CNB_ENGINE_FAILED, with `refusalStatus` 409, if another container has the name and podman replied with 500 and an error of its storage
 */
async function discardNamed(client: EngineClient, { name, creation, status, task }: NamedCreation, context: Context): Promise<void> {
  if (status === 409) return
  const holder = await find(client, name, task)
  if (holder?.creation === creation) await discardContainer(client, holder.id, context)
  else if (holder && status === 500) throw engineRefusal(task, 409, 'the name is already in use')
}

/** Returns the container of a name; undefined if it does not exist, or the engine is gone. */
async function find(client: EngineClient, name: string, task: string): Promise<{ readonly id: string; readonly creation: string | undefined } | undefined> {
  const reply = await client.json({ task, method: 'GET', path: `/containers/${name}/json` }).catch(() => undefined)
  const { Id, Config } = recordOf(reply)
  const id = stringOf(Id)
  return id === undefined ? undefined : { id, creation: stringMapOf(recordOf(Config).Labels)[CREATION_LABEL] }
}

/** The request's body (Docker Engine API, ContainerCreate). `Mounts` instead of `Binds`: it rejects a source that does not exist. */
function bodyOf(spec: ContainerSpec): object {
  const [program, ...rest] = spec.command
  return {
    Image: spec.image,
    // Setting the entrypoint also clears the image's command.
    Entrypoint: program === undefined ? undefined : [program],
    Cmd: rest,
    Env: spec.env,
    User: spec.user,
    WorkingDir: spec.workingDir,
    Labels: spec.labels,
    AttachStdin: spec.stdin,
    OpenStdin: spec.stdin,
    // Closing our end of stdin closes the program's input.
    StdinOnce: spec.stdin,
    AttachStdout: true,
    AttachStderr: true,
    ExposedPorts: spec.ports && Object.fromEntries(spec.ports.map((port) => [keyOf(port), {}])),
    HostConfig: {
      // Output is only streamed over the attachment, and not logged.
      LogConfig: spec.detached ? undefined : { Type: 'none' },
      AutoRemove: spec.detached,
      Init: spec.init,
      PortBindings: spec.ports && bindingsOf(spec.ports),
      NetworkMode: spec.network,
      Mounts: mountsOf(spec),
      SecurityOpt: spec.securityOpt,
      UsernsMode: spec.usernsHost ? 'host' : undefined,
      CapDrop: spec.capDrop,
      CapAdd: spec.capAdd,
      Memory: spec.memory,
      // The sum of memory and swap: disables swap.
      MemorySwap: spec.memory,
      NanoCpus: spec.cpus === undefined ? undefined : Math.round(spec.cpus * 1e9),
      PidsLimit: spec.pidsLimit,
    },
  }
}

function keyOf({ container, protocol }: PublishedPort): string {
  return `${container}/${protocol}`
}

/** One port of the container may be published at several places. */
function bindingsOf(ports: readonly PublishedPort[]): Record<string, object[]> {
  const bindings: Record<string, object[]> = {}
  for (const published of ports) (bindings[keyOf(published)] ??= []).push({ HostIp: published.address, HostPort: String(published.port) })
  return bindings
}

function mountsOf({ mounts = [], tmpfs = [] }: ContainerSpec): object[] {
  return [...mounts.map(mountOf), ...tmpfs.map(({ target, size }) => ({ Type: 'tmpfs', Target: target, TmpfsOptions: { SizeBytes: size, Mode: 0o1777 } }))]
}

function mountOf(mount: Mount): object {
  const VolumeOptions = mount.type === 'volume' ? { NoCopy: mount.empty, Labels: mount.labels } : undefined
  return { Type: mount.type, Source: mount.source, Target: mount.target, ReadOnly: mount.readOnly ?? false, VolumeOptions }
}

async function list(client: EngineClient, label: string, context: Context = {}): ReturnType<Containers['list']> {
  const task = 'cannot list containers'
  const query = { all: true, filters: { label: [label] } }
  const reply = await client.json({ task, method: 'GET', path: '/containers/json', query, signal: context.signal })
  return recordsOf(reply).flatMap(({ Id, Names, ImageID, Labels, State, Created, Mounts }) => {
    const id = stringOf(Id)
    const [name = ''] = stringsOf(Names)
    const created = typeof Created === 'number' ? Created * 1000 : undefined
    const volumes = recordsOf(Mounts).flatMap((mount) => (mount.Type === 'volume' ? (stringOf(mount.Name) ?? []) : []))
    return id === undefined ? [] : [{ id, name: name.replace(/^\//, ''), image: stringOf(ImageID) ?? '', labels: stringMapOf(Labels), running: State === 'running', created, volumes }]
  })
}
