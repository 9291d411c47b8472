/** Registry settings from command options and the configuration file. */

import { CnbError } from '../../base/errors.ts'
import type { Context } from '../../base/events.ts'
import { readConfig } from './config-file.ts'
import type { Config } from './config.ts'
import type { Host, RegistrySettings } from '../services.ts'
import { readCertificates } from './user-files.ts'

export interface RegistryOptions {
  /** Hosts, with an optional port. */
  insecureRegistries?: string[]
  /** `registry=host` or `*=host`. */
  registryMirrors?: string[]
  /** Paths of PEM files. */
  caCerts?: string[]
}

/**
 * Returns the settings of the options, completed with those of the configuration file.
 * @throws CnbError CNB_USAGE for an invalid host or mirror or an unreadable certificate, CNB_DESCRIPTOR_INVALID
 */
export async function readRegistrySettings(options: RegistryOptions, host: Host, context: Context = {}): Promise<RegistrySettings> {
  const certificates = await readCertificates(options.caCerts ?? [], host, context)
  return registrySettings(options, await readConfig(host, { signal: context.signal }), certificates)
}

/** The same for a configuration and certificates that are already read. @throws CnbError CNB_USAGE for an invalid host or mirror */
export function registrySettings(
  options: RegistryOptions,
  config: Pick<Config, 'registryMirrors'>,
  certificates: readonly { readonly pem: Buffer }[],
): RegistrySettings {
  return {
    insecure: (options.insecureRegistries ?? []).map((text) => checkedHost(text, '--insecure-registry')),
    mirrors: chooseMirrors(options, config),
    ca: certificates.map(({ pem }) => pem),
  }
}

/**
 * Returns the mirrors by registry: those of `--registry-mirror`, and the configuration file's for other registries. If the command line
 * has a mirror for all registries (`*`), the file's mirrors are ignored.
 * @throws CnbError CNB_USAGE
 */
export function chooseMirrors({ registryMirrors = [] }: RegistryOptions, { registryMirrors: configured }: Pick<Config, 'registryMirrors'>): RegistrySettings['mirrors'] {
  const given = readMirrors(registryMirrors)
  // The client uses the first entry that matches the registry, in any spelling.
  return '*' in given ? given : { ...given, ...Object.fromEntries(Object.entries(configured).filter(([registry]) => !(registry in given))) }
}

function readMirrors(texts: readonly string[]): Record<string, string[]> {
  const mirrors = new Map<string, string[]>()
  for (const text of texts) {
    const at = text.indexOf('=')
    const registry = text.slice(0, at).trim()
    if (at < 1) throw usage(`--registry-mirror '${text}': expected registry=host`, "Write registry=host, such as 'docker.io=mirror.example', or '*=mirror.example'.")
    const key = registry === '*' ? registry : checkedHost(registry, '--registry-mirror')
    mirrors.set(key, [...(mirrors.get(key) ?? []), text.slice(at + 1).trim().replace(/\/$/, '')])
  }
  return Object.fromEntries(mirrors)
}

function checkedHost(text: string, flag: string): string {
  if (/^[\w.[\]:-]+$/.test(text)) return text
  throw usage(`${flag} '${text}': expected a registry host`, "Write a host with an optional port, such as 'registry.example:5000'.")
}

function usage(detail: string, hint: string): CnbError {
  return new CnbError('CNB_USAGE', `invalid ${detail}`, { hint })
}
