/** Options of the commands for resources. */

import { insecureRegistries, registryCaCerts, registryMirrors } from './registry.ts'

export const state = { kind: 'text', flags: '--state <dir>', description: 'directory of the state (default: $XDG_STATE_HOME/cnb)' } as const

export const namespace = { kind: 'text', flags: '-n, --namespace <name>', description: 'namespace (default: default)' } as const

export const allNamespaces = { kind: 'flag', flags: '-A, --all-namespaces', description: 'resources of all namespaces' } as const

export const selector = { kind: 'text', flags: '-l, --selector <labels>', description: 'labels of the resources: app=shop,tier!=test' } as const

export const files = { kind: 'list', flags: '-f, --filename <path>', description: "file or directory; '-' for stdin; repeatable" } as const

export const lenient = { kind: 'flag', flags: '--lenient', description: 'warn about unknown fields instead of refusing them' } as const

/** How resources are reconciled. */
export const reconciliation = {
  title: 'Reconciliation:',
  options: {
    kpackCompatible: { kind: 'flag', flags: '--kpack-compatible', description: "kpack's decisions and builder digests, without cnb's own" },
    to: { kind: 'choice', choices: ['registry', 'engine'], default: 'registry', flags: '--to <place>', description: 'where builders and images are saved' },
    maxParallel: { kind: 'number', flags: '--max-parallel <number>', description: 'builds at the same time (default: 2)' },
    slsa: { kind: 'flag', flags: '--slsa', description: 'SLSA provenance for each image that is built' },
    network: { kind: 'text', flags: '--network <name>', description: 'network of the build containers' },
    localCredentials: { kind: 'flag', flags: '--local-credentials', description: "this user's git credentials for remotes without Secret" },
  },
} as const

export const registries = { title: 'Registries:', options: { insecureRegistries, registryMirrors, caCerts: registryCaCerts } } as const
