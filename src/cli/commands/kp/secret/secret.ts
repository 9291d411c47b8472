/** Definitions of kp's verbs for Secrets. */

import { defineCommand, MAKING_FORMATS, type CommandDefinition, type OptionGroup } from '../../../command.ts'
import { namespace, reconciliation, registries, state } from '../../../options/resources.ts'
import { CHANGING_FORMATS, dryRun } from '../options.ts'

const serviceAccount = { kind: 'text', flags: '--service-account <name>', description: 'name of a ServiceAccount (default: default)' } as const

const OF_SECRET = [
  {
    title: 'Secret:',
    options: {
      dockerhub: { kind: 'text', flags: '--dockerhub <user>', description: 'user of Docker Hub; password: DOCKER_PASSWORD' },
      gcr: { kind: 'text', flags: '--gcr <file>', description: 'key of a service account (GCR_SERVICE_ACCOUNT_PATH)' },
      registry: { kind: 'text', flags: '--registry <host>', description: 'registry; password: REGISTRY_PASSWORD' },
      registryUser: { kind: 'text', flags: '--registry-user <user>', description: 'user of the registry' },
      gitUrl: { kind: 'text', flags: '--git-url <url>', description: 'https://HOST or git@HOST' },
      gitUser: { kind: 'text', flags: '--git-user <user>', description: 'user of the git server; password: GIT_PASSWORD' },
      gitSshKey: { kind: 'text', flags: '--git-ssh-key <file>', description: 'private key (GIT_SSH_KEY_PATH)' },
      passwordFile: { kind: 'text', flags: '--password-file <file>', description: "file with the password; '-' for stdin" },
      serviceAccount,
      namespace,
      dryRun,
      state,
    },
  },
  reconciliation,
  registries,
] as const satisfies readonly OptionGroup[]

const OF_ACCOUNT = [{ title: 'Secrets:', options: { serviceAccount, namespace, state } }] as const satisfies readonly OptionGroup[]

export const SECRET_COMMANDS: readonly CommandDefinition[] = [
  defineCommand({
    name: 'secret create',
    summary: 'create a Secret for registries or git',
    description: 'Creates a Secret as kp does, and adds it to a ServiceAccount. The password comes from a variable of the environment or a file, never from the command line.',
    argument: { name: 'name', description: 'name of the Secret' },
    formats: CHANGING_FORMATS,
    groups: OF_SECRET,
    examples: [
      { line: 'cnb secret create registry --registry registry.example.com --registry-user me --password-file password', does: 'log in to a registry' },
      { line: 'cnb secret create git --git-url git@example.com --git-ssh-key id_ed25519', does: 'read private git repositories' },
    ],
    load: async () => (await import('./secret-handlers.ts')).runCreateSecret,
  }),
  defineCommand({
    name: 'secret list',
    summary: 'list the Secrets of a ServiceAccount',
    description: 'Prints what each Secret of a ServiceAccount is for, as kp does; no values.',
    formats: ['human', 'json'],
    groups: OF_ACCOUNT,
    examples: [
      { line: 'cnb secret list', does: 'list the Secrets of the default account' },
      { line: 'cnb secret list --service-account builds -n dev', does: 'list those of another account' },
    ],
    load: async () => (await import('./secret-handlers.ts')).runListSecrets,
  }),
  defineCommand({
    name: 'secret delete',
    summary: 'delete a Secret',
    description: 'Deletes a Secret, also from its ServiceAccount.',
    argument: { name: 'name', description: 'name of the Secret' },
    formats: MAKING_FORMATS,
    groups: OF_ACCOUNT,
    examples: [
      { line: 'cnb secret delete registry', does: 'delete a Secret' },
      { line: 'cnb secret delete registry --service-account builds', does: 'delete it from another account too' },
    ],
    load: async () => (await import('./secret-handlers.ts')).runDeleteSecret,
  }),
]
