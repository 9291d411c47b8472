/** Reads an external image configuration (OCI image-spec, config.md). */

import { isTable, recordOf, recordsOf, stringMapOf, stringOf, stringsOf } from '../formats/lenient-values.ts'
import type { ContainerConfig, HistoryEntry, ImageConfig } from './config.ts'
import { isDigest } from './digest.ts'
import { malformed, readDocument } from './document.ts'

/**
 * Reads a whole configuration. Unknown members are kept unchanged.
 * @param name the image's name in errors
 * @throws CnbError CNB_IMAGE_INVALID if it is not a configuration, or has layers that are not sha256 digests
 */
export function readImageConfig(content: Buffer, name: string): ImageConfig {
  const document = readDocument(content, theConfiguration(name))
  const { architecture, os, variant, created, author, docker_version, config, rootfs, history, ...others } = document
  const { 'os.version': osVersion, 'os.features': osFeatures, ...rest } = others
  const layers: unknown[] = Array.isArray(recordOf(rootfs).diff_ids) ? (recordOf(rootfs).diff_ids as unknown[]) : []
  const diffIds = layers.filter((layer) => typeof layer === 'string').filter(isDigest)
  if (diffIds.length !== layers.length) throw malformed(theConfiguration(name), 'it has layers without a sha256 digest')
  const texts = { variant, created, author, docker_version, 'os.version': osVersion }
  return {
    ...rest,
    architecture: stringOf(architecture) ?? '',
    os: stringOf(os) ?? '',
    ...Object.fromEntries(Object.entries(texts).flatMap(([key, value]) => (stringOf(value) === undefined ? [] : [[key, value]]))),
    ...(Array.isArray(osFeatures) ? { 'os.features': stringsOf(osFeatures) } : {}),
    config: readContainerConfig(config),
    rootfs: { type: 'layers', diff_ids: diffIds },
    ...(Array.isArray(history) ? { history: recordsOf(history).map(readStep) } : {}),
  }
}

/** Reads an image's `config`. Go writes empty fields as null; those that must not be null are dropped. */
export function readContainerConfig(value: unknown): ContainerConfig {
  const { Env, Labels, ExposedPorts, ...rest } = recordOf(value)
  return {
    ...rest,
    ...(Array.isArray(Env) ? { Env: stringsOf(Env) } : {}),
    ...(isTable(Labels) ? { Labels: stringMapOf(Labels) } : {}),
    ...(isTable(ExposedPorts) ? { ExposedPorts: ExposedPorts as Record<string, object> } : {}),
  }
}

function readStep({ empty_layer, ...texts }: Record<string, unknown>): HistoryEntry {
  const { author, created, created_by, comment } = stringMapOf(texts)
  return {
    ...(author ? { author } : {}),
    ...(created ? { created } : {}),
    ...(created_by ? { created_by } : {}),
    ...(comment ? { comment } : {}),
    ...(empty_layer === true ? { empty_layer } : {}),
  }
}

function theConfiguration(name: string): string {
  return `the configuration of ${name}`
}
