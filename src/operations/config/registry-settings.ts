/** How registries are reached: the values of a command's options. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { readConfig } from './config-file.ts'
import type { Config } from './config.ts'
import type { Host, RegistrySettings } from '../services.ts'
import { readCertificates } from './user-files.ts'

export interface RegistryOptions {
  /** Hosts, with port if any. */
  insecureRegistries?: string[]
  /** `registry=host`, or `*=host`. */
  registryMirrors?: string[]
  /** PEM files. */
  caCerts?: string[]
}

/**
 * What the options say, and the configuration file where they say nothing.
 * @throws CnbError CNB_USAGE for what is no host, no mirror, or no certificate; CNB_DESCRIPTOR_INVALID
 */
export async function readRegistrySettings(options: RegistryOptions, host: Host, context: Context = {}): Promise<RegistrySettings> {
  const certificates = await readCertificates(options.caCerts ?? [], host, context)
  return {
    insecure: (options.insecureRegistries ?? []).map((text) => checkedHost(text, '--insecure-registry')),
    mirrors: chooseMirrors(options, await readConfig(host, { signal: context.signal })),
    ca: certificates.map(({ pem }) => pem),
  }
}

/**
 * The mirrors of registries: those of `--registry-mirror`, and the configuration file's for other registries. A mirror for all on the
 * command line is for all: the file's are forgotten.
 * @throws CnbError CNB_USAGE
 */
export function chooseMirrors({ registryMirrors = [] }: RegistryOptions, { registryMirrors: configured }: Pick<Config, 'registryMirrors'>): RegistrySettings['mirrors'] {
  const given = readMirrors(registryMirrors)
  // The client takes the first that is of the registry, however that is written.
  return '*' in given ? given : { ...given, ...Object.fromEntries(Object.entries(configured).filter(([registry]) => !(registry in given))) }
}

function readMirrors(texts: readonly string[]): Record<string, string[]> {
  const mirrors = new Map<string, string[]>()
  for (const text of texts) {
    const at = text.indexOf('=')
    const registry = text.slice(0, at).trim()
    if (at < 1) throw usage(`--registry-mirror '${text}'`, "Write registry=host, such as 'docker.io=mirror.example', or '*=mirror.example'.")
    const key = registry === '*' ? registry : checkedHost(registry, '--registry-mirror')
    mirrors.set(key, [...(mirrors.get(key) ?? []), text.slice(at + 1).trim().replace(/\/$/, '')])
  }
  return Object.fromEntries(mirrors)
}

function checkedHost(text: string, flag: string): string {
  if (/^[\w.[\]:-]+$/.test(text)) return text
  throw usage(`${flag} '${text}'`, "Write a host, with its port if it has one, such as 'registry.example:5000'.")
}

function usage(what: string, hint: string): CnbError {
  return new CnbError('CNB_USAGE', `${what} names no registry`, { hint })
}
