/** The descriptor and README of new buildpacks and extensions. */

import type { BuildTarget, ModuleKind } from '../../../buildpacks/buildpack-descriptor.ts'
import { stringifyToml } from '../../../formats/toml.ts'
import type { NewFile } from './new-directory.ts'

/** A buildpack or extension to write. */
export interface NewModule {
  readonly kind: ModuleKind
  readonly id: string
  readonly version: string
  readonly api: string
  readonly targets: readonly BuildTarget[]
}

/** Returns the last part of the ID: the name of the directory, and of images in examples. */
export function shortName({ id }: Pick<NewModule, 'id'>): string {
  return id.slice(id.lastIndexOf('/') + 1)
}

/** Returns buildpack.toml or extension.toml. */
export function descriptorFile({ kind, id, version, api, targets }: NewModule): NewFile {
  return { path: `${kind}.toml`, text: stringifyToml({ api, [kind]: { id, version }, targets }) }
}

/** The parts of a README that depend on the language. */
export interface ReadmeParts {
  /** Paths, each with a description. */
  readonly files: readonly (readonly [path: string, does: string])[]
  /** The command that runs the tests. */
  readonly test: string
  /** Commands that have to run before the buildpack is used, with a text above. */
  readonly prepare?: { readonly text: string; readonly commands: string }
}

/** Returns the README of a buildpack. */
export function readmeFile(module: NewModule, { files, test, prepare }: ReadmeParts): NewFile {
  const { kind, id, targets } = module
  const name = shortName(module).toLowerCase()
  const block = (commands: string): string => `\`\`\`sh\n${commands}\n\`\`\`\n`
  const use = kind === 'buildpack'
    ? `Build the sample app with a builder of your choice, and start it:\n\n${block('cnb build my-app --path test/app --buildpack . --builder <builder>\ndocker run --rm my-app')}\n`
    : `Add it to a builder.toml, and create the builder. Any build with it runs the extension:\n\n${block(
        `cat >> builder.toml <<'END'\n[[extensions]]\nuri = "${shortName(module)}"\n\n[[order-extensions]]\n[[order-extensions.group]]\nid = "${id}"\nversion = "${module.version}"\nEND\ncnb builder create my-builder --config builder.toml`,
      )}\n`
  const text = `# ${id}

${kind === 'buildpack' ? 'A [Cloud Native Buildpack](https://buildpacks.io/docs/for-buildpack-authors/)' : 'An [image extension](https://buildpacks.io/docs/for-buildpack-authors/concepts/extension/)'}.

| file | content |
|---|---|
${files.map(([path, does]) => `| \`${path}\` | ${does} |`).join('\n')}

## Test

${block(test)}
${prepare ? `## Prepare\n\n${prepare.text}\n\n${block(prepare.commands)}\n` : ''}## Use

${use}## Publish

${block(
    `cnb ${kind} package ../${name} --path . --format file    # ../${targets.length > 1 ? `${name}-OS-ARCH.cnb` : `${name}.cnb`}\ncnb ${kind} package registry.example/${name}:${module.version} --path . --publish`,
  )}
A package contains all files of this directory${prepare?.text.includes('linux/') ? ' for its platform' : ''}.
`
  return { path: 'README.md', text }
}
