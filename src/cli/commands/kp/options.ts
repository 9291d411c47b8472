/** Options of kp's verbs that change resources. */

export const dryRun = { kind: 'flag', flags: '--dry-run', description: 'change nothing; with -o yaml, print the resource' } as const

export const wait = { kind: 'flag', flags: '-w, --wait', description: 'wait until it is ready, which cnb always does' } as const

/** The service account of a resource of the cluster. */
export const account = {
  serviceAccount: { kind: 'text', flags: '--service-account <name>', description: 'name of the ServiceAccount with the credentials' },
  serviceAccountNamespace: { kind: 'text', flags: '--service-account-namespace <name>', description: 'its namespace (default: default)' },
} as const

/** In YAML and JSON, the resource itself. */
export const CHANGING_FORMATS = ['human', 'yaml', 'json'] as const
