/** What users of pack (0.40) type that cnb calls by another name, or does not have. */

const CONFIG = (what: string): string => `Write ${what} into ~/.cnb/config.toml.`
const NONE = 'pack has it, and cnb has nothing in its place.'

/** By pack's command: what to type instead, as a sentence. A command of several words stands for those below it, too. */
const COMMANDS: Readonly<Record<string, string>> = {
  builders: 'Use cnb builder.',
  'inspect-image': 'Use cnb inspect.',
  'inspect-builder': 'Use cnb builder inspect.',
  'create-builder': 'Use cnb builder create.',
  version: 'Use cnb --version.',
  config: 'Settings stand in ~/.cnb/config.toml.',
  'config default-builder': CONFIG('default-builder-image = "…"'),
  'set-default-builder': CONFIG('default-builder-image = "…"'),
  'config pull-policy': CONFIG('pull-policy = "…"'),
  'config run-image-mirrors': CONFIG('[[run-images]] with image and mirrors'),
  'set-run-image-mirrors': CONFIG('[[run-images]] with image and mirrors'),
  'config registry-mirrors': CONFIG('[registry-mirrors]'),
  'config trusted-builders': CONFIG('[[trusted-builders]] with name'),
  'trust-builder': CONFIG('[[trusted-builders]] with name'),
  'untrust-builder': CONFIG('[[trusted-builders]] with name'),
  'list-trusted-builders': 'They stand in ~/.cnb/config.toml.',
  ...Object.fromEntries(
    [
      ...['buildpack', 'buildpacks', 'package-buildpack', 'inspect-buildpack', 'extension', 'extensions', 'manifest', 'stack'],
      ...['report', 'completion', 'suggest-builders', 'builder suggest', 'add-registry', 'list-registries', 'remove-registry'],
      ...['set-default-registry', 'register-buildpack', 'yank-buildpack'],
    ].map((name) => [name, NONE]),
  ),
}

/** By cnb's command, or `''` for all, and pack's option. */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': { '--force-color': 'Use --color always.', '--timestamps': NONE },
  build: {
    '--pre-buildpack': 'Use --buildpack with the whole order; from=builder stands for that of the builder.',
    '--post-buildpack': 'Use --buildpack with the whole order; from=builder stands for that of the builder.',
    '--extension': "Only the builder's own extensions run.",
    '--lifecycle-image': "cnb runs the builder's own lifecycle.",
    '--trust-extra-buildpacks': 'Leave it out: a build needs no trust.',
    ...Object.fromEntries(
      [
        ...['--disable-system-buildpacks', '--buildpack-registry', '-r', '--workspace', '--gid', '--uid', '--userns-host'],
        ...['--interactive'],
      ].map((flag) => [flag, NONE]),
    ),
  },
  inspect: { '--bom': 'Use cnb sbom download.' },
  'builder inspect': { '-d': 'Use --depth.' },
  'builder create': {
    '--target': "A builder is made for the engine's platform.",
    '--publish': "The builder is made on the engine: push it with 'docker push'.",
    ...Object.fromEntries(['--append-image-name-suffix', '--flatten', '--buildpack-registry', '-R'].map((flag) => [flag, NONE])),
  },
}

/** What to type instead of a command of pack that cnb does not know; undefined for what is none. */
export function insteadOfCommand(words: readonly string[]): string | undefined {
  const [one = '', two = ''] = words
  return find(COMMANDS, `${one} ${two}`) ?? find(COMMANDS, one)
}

/** What to type instead of an option of pack that a command of cnb does not take; undefined for what is none. */
export function insteadOfOption(command: string, flag: string): string | undefined {
  return find(OPTIONS[command] ?? {}, flag) ?? find(OPTIONS[''] ?? {}, flag)
}

function find(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
