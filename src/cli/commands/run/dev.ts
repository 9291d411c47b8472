/** Definition of `cnb dev`. */

import { defineCommandOnSeveral, type OptionGroup } from '../../command.ts'
import { appSource } from '../../options/app.ts'
import { buildpackSources } from '../../options/buildpacks.ts'
import { containers } from '../../options/containers.ts'
import { builderImages } from '../../options/images.ts'
import { insecureRegistries, registryMirrors } from '../../options/registry.ts'

const { listFiles: _files, ...appOptions } = appSource.options
const { ifChanged: _check, ...containerOptions } = containers.options
const { platforms: _platforms, ...imageOptions } = builderImages.options

const groups = [
  {
    title: 'Running app:',
    options: {
      process: { kind: 'text', flags: '--process <type>', description: "process type to start instead of the image's default" },
      ports: { kind: 'list', flags: '--port <port>', description: "published port, [address:][port:]app's port; repeatable" },
      runEnv: { kind: 'list', flags: '--run-env <name[=value]>', description: "variable; default value: the host's; repeatable" },
      runEnvFiles: { kind: 'list', flags: '--run-env-file <file>', description: 'file with one NAME or NAME=value per line; repeatable' },
      runVolumes: { kind: 'list', flags: '--run-volume <mount>', description: 'mount, host:target[:ro|rw], writable; repeatable' },
      runNetwork: { kind: 'text', flags: '--run-network <mode>', description: "network: host, none or a network's name" },
    },
  },
  { title: appSource.title, options: appOptions },
  buildpackSources,
  { title: builderImages.title, options: imageOptions },
  { title: containers.title, options: containerOptions },
  { title: 'Registries:', options: { insecureRegistries, registryMirrors } },
] as const satisfies readonly OptionGroup[]

export const devCommand = defineCommandOnSeveral({
  name: 'dev',
  summary: 'build and run an app again after each change',
  description:
    'Builds an image from source code, runs it, and watches the files that the build reads. After a change, it builds again, and restarts the ' +
    'app if the image changed. The last app runs while a build runs and after it has failed. Ctrl-C stops the app and removes its container.',
  argument: { name: 'image', second: '[args...]', description: "name of the image, then the app's arguments after --" },
  formats: ['human', 'ndjson'],
  groups,
  examples: [
    { line: 'cnb dev my-app --builder my-builder', does: 'the working directory, at http://localhost:8080' },
    { line: 'cnb dev my-app --path ./web --port 3000 --run-env LOG=debug', does: 'another directory and port, with a variable for the app' },
  ],
  load: async () => (await import('./dev-handler.ts')).runDev,
})
