/** The image configuration (OCI image-spec, config.md), as Docker and the lifecycle write it. */

import type { Digest } from './digest.ts'
import { encodeGoObject, encodeGoValue, isGoEmpty } from '../formats/go/json.ts'

/** Maximum size of a configuration, and thus of a label, that is read into memory; metadata of buildpacks can be several MiB. */
export const MAX_CONFIG_BYTES: number = 32 * 1024 * 1024

/** An image's `config`, the defaults of its containers. Other keys that were read are present, but not encoded. */
export interface ContainerConfig {
  User?: string
  Env?: string[]
  Entrypoint?: string[] | null
  Cmd?: string[] | null
  WorkingDir?: string
  Labels?: Record<string, string>
  ExposedPorts?: Record<string, object>
  Volumes?: Record<string, object> | null
  [key: string]: unknown
}

export interface HistoryEntry {
  author?: string
  created?: string
  created_by?: string
  comment?: string
  empty_layer?: boolean
}

/** The whole document; its sha256 is the image ID on a graph-driver engine. Other keys that were read are present, but not encoded. */
export interface ImageConfig {
  architecture: string
  os: string
  variant?: string
  'os.version'?: string
  created?: string
  author?: string
  config: ContainerConfig
  rootfs: { type: 'layers'; diff_ids: Digest[] }
  history?: HistoryEntry[]
  [key: string]: unknown
}

/** How to encode a field of a Go struct, and when to omit it. */
interface ConfigField {
  readonly omit: (value: unknown) => boolean
  readonly encode: (value: unknown) => string
}

const never = (_value: unknown): boolean => false
const absent = (value: unknown): boolean => value === undefined || value === null

const text: ConfigField = { omit: never, encode: (value) => encodeGoValue(value ?? '') }
const optional: ConfigField = { omit: isGoEmpty, encode: encodeGoValue }
/** Go's `omitempty` does not apply to times: an absent time is written as the year 1. */
const time: ConfigField = { omit: never, encode: (value) => encodeGoValue(value ?? '0001-01-01T00:00:00Z') }
/** A set, which Go represents as a map to empty structs. */
const set: ConfigField = {
  omit: isGoEmpty,
  encode: (value) => encodeGoValue(Object.fromEntries(Object.keys(value as object).map((key) => [key, {}]))),
}

/** A struct; members without a field are omitted, as in Go. */
function struct(fields: Readonly<Record<string, ConfigField>>, omit = never): ConfigField {
  return {
    omit,
    encode: (value) => {
      const from = (value ?? {}) as Record<string, unknown>
      return encodeGoObject(Object.entries(fields).map(([key, field]) => {
        const member = Object.hasOwn(from, key) ? from[key] : undefined
        return [key, field.omit(member) ? undefined : field.encode(member)]
      }))
    },
  }
}

function list(entry: ConfigField): ConfigField {
  return { omit: isGoEmpty, encode: (value) => `[${(value as unknown[]).map((item) => entry.encode(item)).join(',')}]` }
}

// The fields in the order of go-containerregistry's v1.ConfigFile (pkg/v1/config.go), v1.History, v1.Config and v1.HealthConfig.
const HISTORY = struct({ author: optional, created: time, created_by: optional, comment: optional, empty_layer: optional })
const HEALTHCHECK = struct({ Test: optional, Interval: optional, Timeout: optional, StartPeriod: optional, Retries: optional }, absent)
const CONTAINER = struct({
  AttachStderr: optional,
  AttachStdin: optional,
  AttachStdout: optional,
  Cmd: optional,
  Healthcheck: HEALTHCHECK,
  Domainname: optional,
  Entrypoint: optional,
  Env: optional,
  Hostname: optional,
  Image: optional,
  Labels: optional,
  OnBuild: optional,
  OpenStdin: optional,
  StdinOnce: optional,
  Tty: optional,
  User: optional,
  Volumes: set,
  WorkingDir: optional,
  ExposedPorts: set,
  ArgsEscaped: optional,
  NetworkDisabled: optional,
  MacAddress: optional,
  StopSignal: optional,
  Shell: optional,
})
const IMAGE = struct({
  architecture: text,
  author: optional,
  container: optional,
  created: time,
  docker_version: optional,
  history: list(HISTORY),
  os: text,
  rootfs: struct({ type: text, diff_ids: { omit: never, encode: encodeGoValue } }),
  config: CONTAINER,
  'os.version': optional,
  variant: optional,
  'os.features': optional,
})

/**
 * Encodes a configuration with the same bytes as the lifecycle: field order and omissions of go-containerregistry, Go's escapes, sorted
 * maps; unknown keys (BuildKit's, Docker's `container_config`) are omitted.
 */
export function encodeImageConfig(config: ImageConfig): Buffer {
  return Buffer.from(IMAGE.encode(config))
}
