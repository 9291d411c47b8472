/** Options on the containers that a build runs in. */

import type { OptionGroup } from '../command.ts'

export const containers = {
  title: 'Containers:',
  options: {
    network: { kind: 'text', flags: '--network <mode>', description: "network of the build's containers: a network's name, host or none" },
    volumes: {
      kind: 'list',
      flags: '--volume <mount>',
      description: 'mount for the buildpacks, host:target[:ro|rw], read-only by default; repeatable',
    },
    caCerts: { kind: 'list', flags: '--ca-cert <file>', description: 'PEM file of a private CA to trust in the build; repeatable' },
    dockerHost: {
      kind: 'text',
      flags: '--docker-host <address>',
      description: "where the lifecycle finds the engine, as seen from the engine's host; 'inherit' for $DOCKER_HOST",
    },
    clearCache: { kind: 'flag', flags: '--clear-cache', description: 'forget what earlier builds kept' },
  },
} as const satisfies OptionGroup
