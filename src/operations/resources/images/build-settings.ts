/** The options of `cnb build` for the spec of a Build. */

import { join } from 'node:path'
import { CnbError } from '../../../base/errors.ts'
import type { Binding } from '../../../project/binding.ts'
import type { Build } from '../../../resources/kinds/build.ts'
import type { EnvVar } from '../../../resources/kinds/parts.ts'
import { quantityBytes, quantityNanoCpus } from '../../../resources/fields/quantity.ts'
import type { FetchedSource } from '../../../sources/source.ts'
import type { BuildOptions } from '../../build/build-options.ts'
import { findBuilder } from '../builders/reconcile-builders.ts'
import type { ReconcileScope } from '../scope.ts'
import type { Resources } from '../resources.ts'

/** Returns the options of a build. @throws CnbError CNB_RESOURCE_INVALID for a reference to something that does not exist */
export function buildOptions(build: Build, source: FetchedSource, { resources, options }: Pick<ReconcileScope, 'resources' | 'options'>): BuildOptions {
  const { spec } = build
  const [image, ...tags] = spec.tags
  if (image === undefined) throw invalid(build, 'it has no tags')
  const builder = required(build, 'image of the builder', builderImageOf(build, resources))
  const { to, network, insecureRegistries, registryMirrors, caCerts } = options
  return {
    ...{ network, insecureRegistries, registryMirrors, caCerts },
    image,
    tags,
    path: source.path,
    sourceMetadata: source.metadata,
    ...(to === 'engine' ? { builder: builder.split('@')[0], to: ['engine'] } : { builder, publish: true }),
    ...(spec.runImage?.image ? { runImage: spec.runImage.image } : {}),
    ...(spec.projectDescriptorPath ? { descriptor: join(source.path, spec.projectDescriptorPath) } : {}),
    ...(spec.defaultProcess ? { defaultProcess: spec.defaultProcess } : {}),
    ...(spec.creationTime ? { creationTime: spec.creationTime } : {}),
    // On the engine nothing is pushed: its volumes are the cache.
    ...(spec.cache?.registry?.tag && to !== 'engine' ? { cacheImage: spec.cache.registry.tag } : {}),
    ...limitsOf(build),
    env: (spec.env ?? []).flatMap((variable) => environmentOf(build, variable, resources)),
    bindings: bindingsOf(build, resources),
    // Names are by digest, so the engine's copy is right.
    pullPolicy: 'if-not-present',
  }
}

/** Returns the builder of a Build: an image, or the latest one of a Builder; undefined if that is not ready. */
export function builderImageOf({ spec: { builder }, metadata: { namespace } }: Build, resources: Resources): string | undefined {
  return builder.image || findBuilder(builder.ref ?? {}, namespace, resources)?.status?.latestImage
}

function limitsOf({ spec }: Build): Pick<BuildOptions, 'memory' | 'cpus'> {
  const { memory, cpu } = spec.resources?.limits ?? {}
  const [bytes, nanoCpus] = [memory === undefined ? undefined : quantityBytes(memory), cpu === undefined ? undefined : quantityNanoCpus(cpu)]
  return { ...(bytes === undefined ? {} : { memory: String(bytes) }), ...(nanoCpus === undefined ? {} : { cpus: String(nanoCpus / 1e9) }) }
}

/** Returns a variable as `NAME=value`; none if its optional source does not exist. */
function environmentOf(build: Build, { name, value = '', valueFrom }: EnvVar, resources: Resources): string[] {
  if (!valueFrom) return [`${name}=${value}`]
  const { configMapKeyRef, fieldRef } = valueFrom
  const { namespace } = build.metadata
  if (configMapKeyRef) {
    const { name: map, key, optional = false } = configMapKeyRef
    const found = new Map(Object.entries(resources.find('ConfigMap', { name: map, namespace })?.data ?? {})).get(key)
    if (found !== undefined) return [`${name}=${found}`]
    if (optional) return []
    throw invalid(build, `ConfigMap '${map}' has no key '${key}' for the variable ${name}`)
  }
  const fields = new Map([['metadata.name', build.metadata.name], ['metadata.namespace', namespace]])
  const found = fieldRef && fields.get(fieldRef.fieldPath)
  if (found !== undefined) return [`${name}=${found}`]
  throw invalid(build, `the variable ${name} has a source that exists only in a cluster`, 'Write its value, or use a configMapKeyRef.')
}

/** Returns the service bindings, each from a Secret (servicebinding.io), and the legacy ones from a ConfigMap and a Secret. */
function bindingsOf(build: Build, resources: Resources): Binding[] {
  const { namespace } = build.metadata
  const secretOf = (name: string): Record<string, string> => {
    const secret = resources.find('Secret', { name, namespace })
    if (!secret) throw invalid(build, `Secret '${name}' of a service does not exist`)
    const users = resources.list('ServiceAccount').filter((account) => account.metadata.namespace === namespace && (account.secrets ?? []).some((each) => each.name === name))
    if (users.length > 0) throw invalid(build, `build rejected: service "${name}" uses forbidden secret "${name}"`, 'Use a Secret that no service account lists.')
    return secret.data ?? {}
  }
  const services = (build.spec.services ?? []).map(({ kind, name = '' }): Binding => {
    if (kind !== 'Secret') throw invalid(build, `the service '${name}' is a ${kind ?? ''}, and cnb reads Secrets only`, 'Name the Secret with the credentials.')
    return { name, files: decoded(secretOf(name)) }
  })
  const legacy = (build.spec.cnbBindings ?? []).map(({ name = '', metadataRef, secretRef }): Binding => {
    const map = resources.find('ConfigMap', { name: metadataRef?.name ?? '', namespace })
    if (!map) throw invalid(build, `ConfigMap '${metadataRef?.name ?? ''}' of binding '${name}' does not exist`)
    const metadata = Object.entries(map.data ?? {}).map(([key, text]) => [`metadata/${key}`, Buffer.from(text)] as const)
    const secrets = secretRef?.name ? [...decoded(secretOf(secretRef.name))].map(([key, content]) => [`secret/${key}`, content] as const) : []
    return { name, files: new Map([...metadata, ...secrets]) }
  })
  return [...services, ...legacy]
}

function decoded(data: Readonly<Record<string, string>>): Map<string, Buffer> {
  return new Map(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64')]))
}

function required<T>(build: Build, what: string, value: T | undefined): T {
  if (value === undefined || value === '') throw invalid(build, `it has no ${what}`)
  return value
}

function invalid({ metadata }: Build, why: string, hint = 'Correct the Image, and apply it again.'): CnbError {
  return new CnbError('CNB_RESOURCE_INVALID', `cannot start Build ${metadata.namespace ?? ''}/${metadata.name}: ${why}`, { hint })
}
