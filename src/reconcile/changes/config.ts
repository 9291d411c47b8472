/** The part of a build that the reason CONFIG compares: `pkg/buildchange/config_change.go` of kpack. */

import { encodeShape, list, map, pointer, scalar, struct, text, type Shape } from '../../formats/go/shape.ts'
import { exactQuantity, printQuantity } from '../../resources/fields/printed-quantity.ts'
import type { BuildSpec } from '../../resources/kinds/build.ts'
import type { Image } from '../../resources/kinds/image.ts'
import type { SourceConfig } from '../../resources/kinds/parts.ts'
import type { ResolvedSource } from '../../resources/kinds/source-resolver.ts'

export type Config = Pick<BuildSpec, 'env' | 'resources' | 'services' | 'cnbBindings'> & { source?: SourceConfig }

const localReference = struct({ name: scalar })
const key = struct({ name: scalar, key: text, optional: pointer() })
const objectReference = struct({ kind: scalar, namespace: scalar, name: scalar, uid: scalar, apiVersion: scalar, resourceVersion: scalar, fieldPath: scalar })

const sourceShape = struct({
  git: pointer(struct({ url: text, revision: text, initializeSubmodules: scalar })),
  blob: pointer(struct({ url: text, auth: scalar, stripComponents: scalar })),
  registry: pointer(struct({ image: text, imagePullSecrets: list(localReference) })),
  local: pointer(struct({ path: text })),
  subPath: scalar,
})

/** Fields in the order of kpack's `Config`. */
function configFields(quantity: (text: string) => string) {
  const amount: Shape = (value) => quantity(typeof value === 'string' ? value : JSON.stringify(value ?? 0))
  return {
    env: list(
      struct({
        name: text,
        value: scalar,
        valueFrom: pointer(
          struct({
            fieldRef: pointer(struct({ apiVersion: scalar, fieldPath: text })),
            resourceFieldRef: pointer(struct({ containerName: scalar, resource: text, divisor: amount })),
            configMapKeyRef: pointer(key),
            secretKeyRef: pointer(key),
          }),
        ),
      }),
    ),
    resources: struct({ limits: map(amount), requests: map(amount), claims: list(struct({ name: text, request: scalar })) }),
    services: list(objectReference),
    cnbBindings: list(struct({ name: scalar, metadataRef: pointer(localReference), secretRef: pointer(localReference) })),
    source: sourceShape,
  }
}

export const configShape = configFields(printQuantity)
const printedShape = struct(configShape)
const comparedShape = struct(configFields(exactQuantity))

/** Returns the configuration that a build of an Image has now. */
export function imageConfig(image: Image, source: ResolvedSource): Config {
  const { env, resources, services, cnbBindings } = image.spec.build ?? {}
  return { env, resources, services, cnbBindings, source: resolvedConfig(source) }
}

/** Returns a configuration as Go prints it. */
export function printedConfig(config: Config): unknown {
  return printedShape(config)
}

/** Whether two configurations are equal for Kubernetes; a changed commit is not a changed configuration. */
export function equalConfigs(a: Config, b: Config): boolean {
  const [left, right] = [a, b].map((config) => encodeShape(comparedShape(withoutRevision(config))))
  return left === right
}

/** Returns a resolved source in the form that a build has it. */
function resolvedConfig({ git, blob, registry, local }: ResolvedSource): SourceConfig {
  const found = { git, blob, registry, local }
  for (const [kind, source] of Object.entries(found)) {
    if (source !== undefined) return { [kind]: source, subPath: source.subPath }
  }
  return {}
}

function withoutRevision(config: Config): Config {
  const git = config.source?.git
  return git ? { ...config, source: { ...config.source, git: { ...git, revision: '' } } } : config
}
