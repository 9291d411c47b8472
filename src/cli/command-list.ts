/** The list of commands. To add one, write its definition and add it here. */

import type { CommandDefinition, Dialect } from './command.ts'
import { completionCommand } from './commands/about/completion.ts'
import { doctorCommand } from './commands/about/doctor.ts'
import { reportCommand } from './commands/about/report.ts'
import { versionCommand } from './commands/about/version.ts'
import { buildCommand } from './commands/build.ts'
import { measureCachesCommand } from './commands/cache/du.ts'
import { listCachesCommand } from './commands/cache/ls.ts'
import { pruneCachesCommand } from './commands/cache/prune.ts'
import { createBuilderCommand } from './commands/builder/create.ts'
import { inspectBuilderCommand } from './commands/builder/inspect.ts'
import { suggestBuildersCommand } from './commands/builder/suggest.ts'
import { inspectBuildpackCommand } from './commands/buildpack/inspect.ts'
import { newBuildpackCommand } from './commands/buildpack/new.ts'
import { packageBuildpackCommand } from './commands/buildpack/package.ts'
import { pullBuildpackCommand } from './commands/buildpack/pull.ts'
import { registryMirrorsCommand, runImageMirrorsCommand, trustedBuildersCommand } from './commands/config/lists.ts'
import { addRegistryCommand } from './commands/config/registries/add.ts'
import { defaultRegistryCommand } from './commands/config/registries/default.ts'
import { listRegistriesCommand } from './commands/config/registries/list.ts'
import { removeRegistryCommand } from './commands/config/registries/remove.ts'
import { SETTING_COMMANDS } from './commands/config/settings.ts'
import { defaultBuilderCommand, experimentalCommand, lifecycleImageCommand, pullPolicyCommand } from './commands/config/values.ts'
import { diffCommand } from './commands/diff/diff.ts'
import { inspectExtensionCommand } from './commands/extension/inspect.ts'
import { newExtensionCommand } from './commands/extension/new.ts'
import { packageExtensionCommand } from './commands/extension/package.ts'
import { inspectCommand } from './commands/inspect.ts'
import { addManifestCommand } from './commands/manifest/add.ts'
import { annotateManifestCommand } from './commands/manifest/annotate.ts'
import { createManifestCommand } from './commands/manifest/create.ts'
import { inspectManifestCommand } from './commands/manifest/inspect.ts'
import { pushManifestCommand } from './commands/manifest/push.ts'
import { removeManifestCommand } from './commands/manifest/remove.ts'
import { rmManifestCommand } from './commands/manifest/rm.ts'
import { BASE_COMMANDS } from './commands/kp/bases.ts'
import { BUILDER_COMMANDS, CLUSTER_BUILDER_COMMANDS } from './commands/kp/builders.ts'
import { exportCommand } from './commands/documents/export.ts'
import { IMAGE_COMMANDS } from './commands/kp/image.ts'
import { importCommand } from './commands/documents/import.ts'
import { SECRET_COMMANDS } from './commands/kp/secret/secret.ts'
import { rebaseCommand } from './commands/rebase.ts'
import { devCommand } from './commands/run/dev.ts'
import { runImageCommand } from './commands/run/run.ts'
import { shellCommand } from './commands/shell/shell.ts'
import { applyCommand } from './commands/resources/apply.ts'
import { deleteCommand } from './commands/resources/delete.ts'
import { describeCommand } from './commands/resources/describe.ts'
import { getCommand } from './commands/resources/get.ts'
import { logsCommand } from './commands/resources/logs.ts'
import { planCommand } from './commands/plan/plan.ts'
import { triggerCommand } from './commands/resources/trigger.ts'
import { watchCommand } from './commands/resources/watch/watch.ts'
import { convertSbomCommand } from './commands/sbom/convert.ts'
import { diffSbomCommand } from './commands/sbom/diff.ts'
import { downloadSbomCommand } from './commands/sbom/download.ts'
import { showSbomCommand } from './commands/sbom/show.ts'
import { convertOldLogs } from './old-logs-words.ts'
import { globalOptions } from './options/global.ts'

/** All commands, in the order of help. */
export const COMMANDS: readonly CommandDefinition[] = [
  buildCommand,
  runImageCommand,
  shellCommand,
  devCommand,
  inspectCommand,
  diffCommand,
  rebaseCommand,
  applyCommand,
  planCommand,
  watchCommand,
  getCommand,
  describeCommand,
  logsCommand,
  triggerCommand,
  deleteCommand,
  exportCommand,
  importCommand,
  createBuilderCommand,
  inspectBuilderCommand,
  suggestBuildersCommand,
  ...BUILDER_COMMANDS,
  ...CLUSTER_BUILDER_COMMANDS,
  ...IMAGE_COMMANDS,
  ...BASE_COMMANDS,
  ...SECRET_COMMANDS,
  createManifestCommand,
  addManifestCommand,
  annotateManifestCommand,
  inspectManifestCommand,
  pushManifestCommand,
  removeManifestCommand,
  rmManifestCommand,
  newBuildpackCommand,
  packageBuildpackCommand,
  inspectBuildpackCommand,
  pullBuildpackCommand,
  newExtensionCommand,
  packageExtensionCommand,
  inspectExtensionCommand,
  showSbomCommand,
  diffSbomCommand,
  convertSbomCommand,
  downloadSbomCommand,
  listCachesCommand,
  measureCachesCommand,
  pruneCachesCommand,
  ...SETTING_COMMANDS,
  listRegistriesCommand,
  addRegistryCommand,
  removeRegistryCommand,
  defaultRegistryCommand,
  defaultBuilderCommand,
  pullPolicyCommand,
  trustedBuildersCommand,
  runImageMirrorsCommand,
  registryMirrorsCommand,
  lifecycleImageCommand,
  experimentalCommand,
  versionCommand,
  doctorCommand,
  reportCommand,
  completionCommand,
]

/** Commands that only have subcommands. */
export const PARENTS: Readonly<Record<string, { readonly summary: string; readonly description: string }>> = {
  builder: { summary: 'create and inspect builder images', description: 'Creates and inspects builder images.' },
  manifest: { summary: 'create and push lists of images', description: 'Creates and pushes lists of images for several platforms.' },
  buildpack: { summary: 'write, package and inspect buildpacks', description: 'Writes, packages and inspects buildpacks.' },
  extension: { summary: 'write, package and inspect image extensions', description: 'Writes, packages and inspects image extensions.' },
  image: { summary: 'create, change and show Images', description: "Creates, changes and shows kpack's Images as kp does." },
  ...Object.fromEntries(['ClusterStack', 'ClusterStore', 'ClusterLifecycle', 'ClusterBuildpack', 'ClusterBuilder'].map((kind) => {
    const description = `Creates, changes and shows kpack's ${kind}s as kp does.`
    return [kind.toLowerCase(), { summary: `create, change and show ${kind}s`, description }]
  })),
  secret: { summary: 'create and list Secrets', description: 'Creates, lists and deletes Secrets of a ServiceAccount as kp does.' },
  sbom: { summary: 'show, compare and convert bills of materials', description: 'Shows, compares, converts and extracts bills of materials of images.' },
  cache: { summary: 'list and remove the caches of builds', description: 'Lists, measures and removes the caches of builds.' },
  config: { summary: 'show and change the configuration file', description: 'Shows and changes the configuration file.' },
  'config registries': { summary: 'list, add and remove buildpack registries', description: 'Lists, adds and removes buildpack registries.' },
}

/** cnb's own command line; cli/pack has pack's. */
export const CNB: Dialect = { program: 'cnb', commands: COMMANDS, globals: globalOptions, convert: convertOldLogs, exitOf: ({ exit }) => exit }
