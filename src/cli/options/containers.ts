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
    memory: { kind: 'text', flags: '--memory <size>', description: "most memory that the build's container may use, such as 2g" },
    cpus: { kind: 'text', flags: '--cpus <number>', description: "processor cores that the build's container may use, such as 1.5" },
    pidsLimit: { kind: 'number', flags: '--pids-limit <number>', description: "most processes in the build's container" },
    dockerHost: {
      kind: 'text',
      flags: '--docker-host <address>',
      description: "where the stock lifecycle finds the engine, as seen from the engine's host; 'inherit' for $DOCKER_HOST",
    },
    cache: {
      kind: 'list',
      flags: '--cache <cache>',
      description: "where to keep layers between builds, as pack has it: type=build or launch; format=volume or image and name, or format=bind and source; repeatable",
    },
    cacheImage: {
      kind: 'text',
      flags: '--cache-image <image>',
      description: 'image of a registry to keep layers in between builds, as --cache with format=image',
    },
    clearCache: { kind: 'flag', flags: '--clear-cache', description: 'forget what earlier builds kept' },
  },
} as const satisfies OptionGroup
