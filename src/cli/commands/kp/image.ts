/** Definitions of kp's verbs for Images: create, patch, save and trigger. */

import { defineCommand, MAKING_FORMATS, type CommandDefinition, type Handler, type OptionGroup } from '../../command.ts'
import { namespace, reconciliation, registries, state } from '../../options/resources.ts'
import type { ImageValues } from './change-handlers.ts'
import { IMAGE } from './nouns.ts'
import { CHANGING_FORMATS, dryRun, wait } from './options.ts'
import { viewCommands } from './views.ts'

const source = {
  title: 'Source:',
  options: {
    git: { kind: 'text', flags: '--git <url>', description: 'git repository' },
    gitRevision: { kind: 'text', flags: '--git-revision <name>', description: 'branch, tag or commit (default: main)' },
    blob: { kind: 'text', flags: '--blob <url>', description: 'archive of source code' },
    localPath: { kind: 'text', flags: '--local-path <dir>', description: 'directory of this machine' },
    subPath: { kind: 'text', flags: '--sub-path <path>', description: 'directory of the app within the source' },
  },
} as const satisfies OptionGroup

const image = {
  title: 'Image:',
  options: {
    tag: { kind: 'text', flags: '-t, --tag <image>', description: 'name of the image to build' },
    additionalTags: { kind: 'list', flags: '--additional-tag <image>', description: 'further name of the image; repeatable' },
    builder: { kind: 'text', flags: '-b, --builder <name>', description: 'name of a Builder' },
    clusterBuilder: { kind: 'text', flags: '-c, --cluster-builder <name>', description: 'name of a ClusterBuilder (default: default)' },
    env: { kind: 'list', flags: '-e, --env <NAME=VALUE>', description: 'variable of the build; repeatable' },
    serviceBindings: { kind: 'list', flags: '-s, --service-binding <name>', description: 'KIND:APIVERSION:NAME, or a Secret; repeatable' },
    cacheSize: { kind: 'text', flags: '--cache-size <amount>', description: 'size of the cache, such as 2G' },
    successBuildHistoryLimit: { kind: 'number', flags: '--success-build-history-limit <number>', description: 'successful builds to keep' },
    failedBuildHistoryLimit: { kind: 'number', flags: '--failed-build-history-limit <number>', description: 'failed builds to keep' },
    serviceAccount: { kind: 'text', flags: '--service-account <name>', description: 'name of a ServiceAccount (default: default)' },
    namespace,
    dryRun,
    wait,
    state,
  },
} as const satisfies OptionGroup

const changes = {
  title: 'Changes:',
  options: {
    replaceAdditionalTags: { kind: 'list', flags: '--replace-additional-tag <image>', description: 'further name instead of all; repeatable' },
    deleteAdditionalTags: { kind: 'list', flags: '--delete-additional-tag <image>', description: 'further name to remove; repeatable' },
    deleteEnv: { kind: 'list', flags: '-d, --delete-env <name>', description: 'variable to remove; repeatable' },
    deleteServiceBindings: { kind: 'list', flags: '--delete-service-binding <name>', description: 'service to remove; repeatable' },
  },
} as const satisfies OptionGroup

const argument = { name: 'name', description: 'name of the Image' } as const
const CREATING = [image, source, reconciliation, registries] as const
const CHANGING = [image, source, changes, reconciliation, registries] as const

type Creating = Omit<ImageValues, 'replaceAdditionalTags' | 'deleteAdditionalTags' | 'deleteEnv' | 'deleteServiceBindings'>

const createImageCommand = defineCommand({
  name: 'image create',
  summary: 'create an Image and build it',
  description: 'Creates an Image from options as kp does, builds it, and waits until it is ready or failed.',
  argument,
  formats: CHANGING_FORMATS,
  groups: CREATING,
  examples: [
    { line: 'cnb image create shop --tag registry.example.com/shop --git https://example.com/shop.git', does: 'build the branch main' },
    { line: 'cnb image create shop --tag registry.example.com/shop --local-path . --dry-run -o yaml', does: 'print the resource only' },
  ],
  load: async (): Promise<Handler<Creating>> => (await import('./change-handlers.ts')).runImage('create'),
})

const patchImageCommand = defineCommand({
  name: 'image patch',
  summary: 'change an Image and build it',
  description: 'Changes the fields that options name, and builds the Image if that is a reason for kpack.',
  argument,
  formats: CHANGING_FORMATS,
  groups: CHANGING,
  examples: [
    { line: 'cnb image patch shop --git-revision v2', does: 'build another revision' },
    { line: 'cnb image patch shop --env LEVEL=debug --delete-env OLD', does: 'build with other variables' },
  ],
  load: async () => (await import('./change-handlers.ts')).runImage('patch'),
})

const saveImageCommand = defineCommand({
  name: 'image save',
  summary: 'create or change an Image and build it',
  description: 'Creates the Image, or changes the fields that options name if it exists.',
  argument,
  formats: CHANGING_FORMATS,
  groups: CHANGING,
  examples: [
    { line: 'cnb image save shop --tag registry.example.com/shop --git https://example.com/shop.git', does: 'create or change an Image' },
    { line: 'cnb image save shop --tag registry.example.com/shop --blob https://example.com/shop.tgz --dry-run', does: 'check the options only' },
  ],
  load: async () => (await import('./change-handlers.ts')).runImage('save'),
})

const triggerImageCommand = defineCommand({
  name: 'image trigger',
  summary: 'build an Image although nothing changed',
  description: 'Builds an Image again for the reason TRIGGER, and waits until it is ready or failed.',
  argument,
  formats: MAKING_FORMATS,
  groups: [{ title: 'Trigger:', options: { namespace, state } }, reconciliation, registries],
  examples: [
    { line: 'cnb image trigger shop', does: 'build an Image again' },
    { line: 'cnb image trigger shop -n dev', does: 'build an Image of another namespace' },
  ],
  load: async () => (await import('./change-handlers.ts')).runTriggerImage,
})

export const IMAGE_COMMANDS: readonly CommandDefinition[] = [createImageCommand, patchImageCommand, saveImageCommand, ...viewCommands(IMAGE), triggerImageCommand]
