/** Options for the containers of a build. */

import type { OptionGroup } from '../command.ts'

export const containers = {
  title: 'Containers:',
  options: {
    network: { kind: 'text', flags: '--network <mode>', description: "build containers' network: host, none or a network's name" },
    volumes: {
      kind: 'list',
      flags: '--volume <mount>',
      description: 'mount, host:target[:ro|rw] (default: ro); repeatable',
    },
    bindingDirs: { kind: 'list', flags: '--binding <name=dir>', description: 'service binding from a directory; repeatable' },
    secrets: { kind: 'list', flags: '--secret <secret>', description: 'id=NAME,src=FILE or env=VAR, for /run/secrets; repeatable' },
    caCerts: { kind: 'list', flags: '--ca-cert <file>', description: 'PEM file of a CA to trust in the build; repeatable' },
    workspace: { kind: 'text', flags: '--workspace <name>', description: "app's directory in the containers (default: workspace)" },
    uid: { kind: 'number', flags: '--uid <number>', description: "user ID of the build (default: the builder's)" },
    gid: { kind: 'number', flags: '--gid <number>', description: "group ID of the build (default: the builder's)" },
    usernsHost: { kind: 'flag', flags: '--userns-host', description: "run the containers in the host's user namespace" },
    keepOnFailure: { kind: 'flag', flags: '--keep-on-failure', description: "keep the container of a failed phase for 'cnb shell'" },
    memory: { kind: 'text', flags: '--memory <size>', description: 'memory limit of the build container, such as 2g' },
    cpus: { kind: 'text', flags: '--cpus <number>', description: 'CPU limit of the build container, such as 1.5' },
    pidsLimit: { kind: 'number', flags: '--pids-limit <number>', description: 'process limit of the build container' },
    dockerHost: {
      kind: 'text',
      flags: '--docker-host <address>',
      description: "engine address for stock phases; 'inherit': $DOCKER_HOST",
    },
    cache: {
      kind: 'list',
      flags: '--cache <cache>',
      description: 'build or launch cache, in the syntax of pack; repeatable',
    },
    cacheImage: {
      kind: 'text',
      flags: '--cache-image <image>',
      description: 'registry image for the build cache',
    },
    cacheKey: { kind: 'text', flags: '--cache-key <name>', description: 'name of cache volumes that images of any name share' },
    ifChanged: { kind: 'flag', flags: '--if-changed', description: 'keep the image if the same inputs made it' },
    clearCache: { kind: 'flag', flags: '--clear-cache', description: 'discard cached layers before building' },
  },
} as const satisfies OptionGroup
