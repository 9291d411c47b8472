/** Options of `buildpack package` and `extension package`. */

import { sinkForms } from '../../operations/build/build-sinks.ts'
import { buildpackRegistry } from './buildpacks.ts'
import { pullPolicy } from './images.ts'

const [defaultSink, ...otherSinks] = sinkForms()

export const packageInput = {
  config: { kind: 'text', flags: '-c, --config <file>', description: 'package.toml; its paths are relative to it' },
  path: { kind: 'text', flags: '-p, --path <path>', description: 'directory or archive to package (default: working directory)' },
  targets: {
    kind: 'list',
    commas: true,
    flags: '-t, --target <target>',
    description: 'platform, os/arch[/variant][:distro@version]; repeatable',
  },
  pullPolicy,
  buildpackRegistry,
} as const

export const packageOutput = {
  format: { kind: 'choice', choices: ['image', 'file'], default: 'image', flags: '-f, --format <format>', description: 'form of the package' },
  publish: { kind: 'flag', flags: '--publish', description: 'push the package to its registry; short for --to registry' },
  to: {
    kind: 'list',
    commas: true,
    flags: '--to <place>',
    description: `target: ${defaultSink} (default), ${otherSinks.join(', ')}`,
  },
  tags: { kind: 'list', commas: true, flags: '--tag <image>', description: 'additional name of the image; repeat or use commas' },
  labels: { kind: 'list', flags: '-l, --label <key=value>', description: 'label for the image; repeatable' },
  appendImageNameSuffix: {
    kind: 'flag',
    flags: '--append-image-name-suffix',
    description: 'also tag the image of each target, as TAG-OS-ARCH',
  },
} as const
