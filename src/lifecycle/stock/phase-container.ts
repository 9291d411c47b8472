/** The container of one phase. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { type Container, type ContainerSpec, type Engine, OWNER_LABEL } from '../../docker/engine.ts'
import type { BuildPlan } from '../lifecycle.ts'
import type { PhaseSpec } from '../phase.ts'
import { receivingSecrets, secretMounts } from '../secrets/secret-input.ts'
import type { BuildVolumes } from './build-volumes.ts'
import type { EngineAccess } from './engine-access.ts'

/** Creates the containers of a build's phases, and remembers which way to the engine worked. */
export class PhaseContainers {
  readonly #engine: Engine
  readonly #plan: BuildPlan
  readonly #volumes: BuildVolumes
  readonly #owner: string
  #access: readonly EngineAccess[]

  constructor(engine: Engine, plan: BuildPlan, volumes: BuildVolumes, access: readonly EngineAccess[], owner: string) {
    this.#engine = engine
    this.#plan = plan
    this.#volumes = volumes
    this.#access = access
    this.#owner = owner
  }

  /** @throws CnbError CNB_ENGINE_SOCKET if the engine's host has no socket at any of the tried paths */
  async create(spec: PhaseSpec, context: Context): Promise<Container> {
    if (!spec.engineAccess) return this.#engine.containers.create(this.#specOf(spec), context)
    let refused: unknown
    for (const access of this.#access) {
      try {
        const container = await this.#engine.containers.create(this.#specOf(spec, access), context)
        this.#access = [access]
        return container
      } catch (error) {
        if (!isMissingSocket(error)) throw error
        refused = error
      }
    }
    throw new CnbError('CNB_ENGINE_SOCKET', `cannot mount the engine's socket into the ${spec.phase}: ${(refused as Error).message}`, {
      hint: "Use --docker-host to set its path on the engine's host, for example 'unix:///run/user/1000/docker.sock'.",
      cause: refused,
    })
  }

  #specOf(spec: PhaseSpec, access?: EngineAccess): ContainerSpec {
    const plan = this.#plan
    const phaseImage = spec.runsBuildpacks ? undefined : plan.phaseImage
    // A builder has these variables in its image.
    const user = phaseImage === undefined ? [] : [`CNB_USER_ID=${plan.builder.uid}`, `CNB_GROUP_ID=${plan.builder.gid}`]
    const container: ContainerSpec = {
      image: phaseImage ?? plan.builder.image.id,
      command: [`/cnb/lifecycle/${spec.phase}`, ...spec.args],
      env: [...spec.env, ...user, ...(access?.env ?? [])],
      user: spec.root ? '0:0' : plan.user,
      network: plan.network,
      usernsHost: plan.usernsHost,
      platform: plan.platform,
      mounts: [...this.#volumes.mountsOf(spec), ...(access?.mounts ?? []), ...(spec.runsBuildpacks ? plan.volumes : [])],
      ...(spec.runsBuildpacks ? secretMounts(plan) : {}),
      // SELinux denies a labelled container access to the engine's socket.
      securityOpt: ['no-new-privileges', ...(access?.mounts.length ? ['label=disable'] : [])],
      capDrop: spec.root ? [] : ['ALL'],
      ...(spec.runsBuildpacks ? { memory: plan.limits.memory, cpus: plan.limits.cpus, pidsLimit: plan.limits.pids } : {}),
      labels: { [OWNER_LABEL]: this.#owner },
    }
    return spec.runsBuildpacks ? receivingSecrets(container, plan) : container
  }
}

/** The engine has no error code for this, only the message, which is unchanged since 17.06. */
function isMissingSocket(error: unknown): boolean {
  return error instanceof CnbError && error.code === 'CNB_ENGINE_FAILED' && /bind source path does not exist/.test(error.message)
}
