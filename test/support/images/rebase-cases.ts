/**
 * Rebases as data.
 *
 * The lifecycle's rebaser and cnb run each of them on equal images, and must have equal results. In names
 * `%` is the prefix of the place's names, `@NEW` the run image's digest there, `@OLD` any other digest, and `@ID` the run
 * image's ID on the engine.
 */

export interface CraftedRun {
  readonly labels?: Readonly<Record<string, string>>
  readonly platform?: Readonly<Record<string, string>>
  /** Names of layers, lowest first. */
  readonly layers?: readonly string[]
  /** Further members of the configuration, and of its `config`. */
  readonly more?: object
  readonly config?: object
  /** Whether its name in a registry refers to an index. */
  readonly isIndex?: true
}

export interface CraftedApp extends CraftedRun {
  /** The value of CNB_PLATFORM_API; default: 0.15; null: not set. */
  readonly api?: string | null
  /** Members of the label io.buildpacks.lifecycle.metadata, or its text. */
  readonly metadata?: Readonly<Record<string, unknown>> | string
}

export interface RebaseCase {
  readonly title: string
  readonly app?: CraftedApp
  readonly run?: CraftedRun
  /** The value of --run-image. */
  readonly asked?: string
  readonly force?: true
  /** Whether the rebase creates a new image and keeps the app (--previous-image). */
  readonly copied?: true
  /** The exit code of the rebaser, and of cnb unless `differs` has another. */
  readonly exit: number
  /** The intended differences of cnb, and the reason. */
  readonly differs?: {
    readonly reason: string
    readonly exit?: number
    /** Returns cnb's configuration from the rebaser's. */
    readonly config?: (theirs: string) => string
    /** The layers of cnb's image, which also determine the history and diffIDs of the configuration. */
    readonly layers?: readonly string[]
  }
  /**
   * Whether it runs on the engine too: one case of each kind. Both places share the rules, but differ in how
   * images are found, named and stored. Cases with digests need a registry, because the engine's images have none.
   */
  readonly engine?: 'too' | 'only'
}

export const BASE_LAYERS = ['system', 'old patches']
export const NEW_LAYERS = ['system', 'new patches', 'one more']
export const OWN_LAYERS = ['dependency', 'launcher', 'app']

/** Represents a number in the label that JavaScript would write differently. */
const number = (text: string): string => `#${text}#`

/** Returns an app's metadata with these names of its run image. */
const names = (image?: string, mirrors?: readonly string[]): Pick<CraftedApp, 'metadata'> => ({
  metadata: { runImage: { image, mirrors }, stack: { runImage: { image, mirrors } } },
})
const distro = (name?: string, version?: string): CraftedRun => ({
  labels: {
    ...(name === undefined ? {} : { 'io.buildpacks.base.distro.name': name }),
    ...(version === undefined ? {} : { 'io.buildpacks.base.distro.version': version }),
  },
})
const stack = (id?: string, mixins?: readonly string[], api: string | null = '0.11'): CraftedApp => ({
  api,
  labels: {
    ...(id === undefined ? {} : { 'io.buildpacks.stack.id': id }),
    ...(mixins === undefined ? {} : { 'io.buildpacks.stack.mixins': JSON.stringify(mixins) }),
  },
})
const marked = (rebasable: string): CraftedApp => ({ labels: { 'io.buildpacks.rebasable': rebasable } })
const variant = (name: string): CraftedRun => ({ platform: { architecture: 'arm', variant: name } })
const ARM: CraftedRun = { platform: { architecture: 'arm' } }

const KEEPS_VARIANT = {
  reason: 'the specification says that the variant is the new run image\'s; the rebaser drops it',
  config: (theirs: string): string => theirs.replace(/}$/, ',"variant":"v7"}'),
}

const NAMES: readonly RebaseCase[] = [
  { title: 'no run image is asked for', exit: 0, engine: 'too' },
  { title: 'a copy of the app', copied: true, exit: 0, engine: 'too' },
  { title: 'a run image that is one of an index', run: { isIndex: true }, exit: 0 },
  { title: 'the same tag', app: names('%run:1'), asked: '%run:1', exit: 0 },
  { title: 'another tag', app: names('%run:1'), asked: '%run:2', exit: 72, engine: 'too' },
  { title: 'another tag by force', app: names('%run:1', ['%mirror:1']), asked: '%run:2', force: true, exit: 0, engine: 'too' },
  { title: 'no tag where the label has one', app: names('%run:1'), asked: '%run', exit: 72 },
  { title: 'no tag where the label has latest', app: names('%run:latest'), asked: '%run', exit: 0 },
  { title: 'latest where the label has no tag', app: names('%run'), asked: '%run:latest', exit: 0 },
  { title: 'a digest of latest', app: names('%run:latest'), asked: '%run@NEW', exit: 0 },
  { title: 'a digest where the label has another tag', app: names('%run:1'), asked: '%run@NEW', exit: 72 },
  { title: 'a digest by force', app: names('%run:1'), asked: '%run@NEW', force: true, exit: 0 },
  { title: 'a digest beside the tag of the label', app: names('%run:1'), asked: '%run:1@NEW', exit: 0 },
  { title: 'a digest beside another tag', app: names('%run:1'), asked: '%run:2@NEW', exit: 72 },
  { title: 'another digest of the tag', app: names('%run:1@OLD'), asked: '%run:1@NEW', exit: 0 },
  { title: 'the tag of a label with a digest', app: names('%run:1@OLD'), asked: '%run:1', exit: 0, engine: 'too' },
  { title: 'latest with another digest, where the label has a tag', app: names('%run:1@OLD'), asked: '%run:latest@NEW', exit: 72 },
  { title: 'no tag, where the label has a digest', app: names('%run@OLD'), asked: '%run', exit: 0 },
  { title: 'latest, where the label has a digest', app: names('%run@OLD'), asked: '%run:latest', exit: 0 },
  { title: 'a tag, where the label has a digest', app: names('%run@OLD'), asked: '%run:1', exit: 72 },
  { title: 'another repository', asked: '%other', exit: 72, engine: 'too' },
  { title: 'another repository by force', app: names('%run', ['%mirror', 'elsewhere.invalid/run']), asked: '%other', force: true, exit: 0, engine: 'too' },
  { title: 'a known name by force', app: names('%run', ['%mirror']), asked: '%run', force: true, exit: 0 },
  { title: 'a mirror', app: names('elsewhere.invalid/run:1', ['%mirror:1']), asked: '%mirror:1', exit: 0, engine: 'too' },
  { title: 'the mirror that is within reach', app: names('elsewhere.invalid/run:1', ['%mirror:1']), exit: 0 },
  { title: 'another tag of a mirror', app: names('%run:1', ['%mirror:1']), asked: '%mirror:2', exit: 72 },
  { title: 'a mirror with a digest', app: names('%run:1', ['a.invalid/run', '%mirror@OLD']), asked: '%mirror:latest@NEW', exit: 0 },
  { title: 'a name in mirrors without an image', app: names(undefined, ['%mirror:1']), asked: '%mirror:1', exit: 0, engine: 'too' },
  { title: 'mirrors without an image, and none asked for', app: names(undefined, ['%mirror:1']), exit: 72 },
  { title: 'a name that only the stack has', app: { metadata: { stack: { runImage: { image: '%run:1' } } } }, asked: '%run:1', exit: 0 },
  { title: 'the stack names the run image', app: { metadata: { stack: { runImage: { image: '%run:1' } } } }, exit: 0 },
  { title: 'another name than the one that only the stack has, by force', app: { metadata: { stack: { runImage: { image: '%run:1', mirrors: ['%mirror:1'] } } } }, asked: '%run:2', force: true, exit: 0, engine: 'too' },
  { title: "the stack's mirror", app: { metadata: { runImage: { image: '%other' }, stack: { runImage: { mirrors: ['%run:1'] } } } }, asked: '%run:1', exit: 0 },
  { title: 'another name than the two of the label', app: { metadata: { runImage: { image: '%run:1' }, stack: { runImage: { image: '%run:2' } } } }, asked: '%run', exit: 72 },
  { title: 'no name in the label', app: { metadata: { stack: undefined } }, asked: '%run', exit: 72 },
  { title: 'no name in the label, by force', app: { metadata: { stack: undefined } }, asked: '%run', force: true, exit: 0, engine: 'too' },
  { title: 'no name in the label, and none asked for', app: { metadata: { stack: undefined } }, exit: 72 },
  { title: "Docker's own registry by its name", app: names('%run:1'), asked: 'docker.io/%run:1', exit: 0, engine: 'only' },
  { title: "Docker's own registry by its other name", app: names('docker.io/%run'), asked: 'index.docker.io/%run:latest', exit: 0, engine: 'only' },
  { title: 'an image ID', asked: '@ID', exit: 72, engine: 'only' },
  { title: 'an image ID by force', asked: '@ID', force: true, exit: 0, engine: 'only' },
]

const TARGETS: readonly RebaseCase[] = [
  { title: 'marked as not rebasable', app: marked('false'), exit: 72, engine: 'too' },
  { title: 'marked as not rebasable, by force', app: marked('false'), force: true, exit: 0 },
  { title: 'marked as rebasable', app: marked('true'), exit: 0 },
  { title: 'marked otherwise', app: marked('False'), exit: 0 },
  { title: 'another operating system', run: { platform: { os: 'windows' } }, exit: 72 },
  { title: 'another architecture', run: { platform: { architecture: 'ppc64le' } }, exit: 72, engine: 'too' },
  { title: 'another architecture, by force', run: { platform: { architecture: 'ppc64le' } }, force: true, exit: 0, engine: 'too' },
  { title: 'another variant', app: variant('v6'), run: variant('v7'), exit: 72 },
  { title: 'another variant, by force', app: variant('v6'), run: variant('v7'), force: true, exit: 0, differs: KEEPS_VARIANT },
  { title: 'the same variant', app: variant('v7'), run: variant('v7'), exit: 0, differs: KEEPS_VARIANT },
  { title: 'a variant that only the run image has', app: ARM, run: variant('v7'), exit: 0, differs: KEEPS_VARIANT },
  { title: 'a variant that only the app has', app: variant('v7'), run: ARM, exit: 0 },
  { title: 'the same distribution', app: distro('debian', '12'), run: distro('debian', '12'), exit: 0 },
  { title: 'another distribution', app: distro('debian', '12'), run: distro('alpine', '12'), exit: 72 },
  { title: 'another version', app: distro('debian', '12'), run: distro('debian', '13'), exit: 72 },
  { title: 'another version, by force', app: distro('debian', '12'), run: distro('debian', '13'), force: true, exit: 0, engine: 'too' },
  { title: 'a version that the run image does not have', app: distro('debian', '12'), run: distro('debian'), exit: 0 },
  { title: 'a version that the app does not have', app: distro('debian'), run: distro('debian', '12'), exit: 72 },
  { title: 'a name that the run image does not have', app: distro('debian', '12'), run: distro(undefined, '12'), exit: 0 },
  { title: 'a name that the app does not have', app: distro(undefined, '12'), run: distro('debian', '12'), exit: 72 },
  { title: 'a distribution that only the app has', app: distro('debian', '12'), exit: 0 },
  { title: 'a distribution that only the run image has', run: distro('debian', '12'), exit: 72, engine: 'too' },
  { title: 'a distribution that only the run image has, by force', run: distro('debian', '12'), force: true, exit: 0 },
  { title: 'a distribution without a name, which only the run image has', run: distro(''), exit: 72 },
  { title: 'a distribution without a name, and one with', app: distro('debian'), run: distro('', ''), exit: 0 },
  { title: 'a distribution without a name on both', app: distro(undefined, ''), run: distro(''), exit: 0 },
]

const STACKS: readonly RebaseCase[] = [
  { title: 'the same stack', app: stack('s'), run: stack('s'), exit: 0 },
  { title: 'the same stack, for an app without a Platform API', app: stack('s', undefined, null), run: stack('s'), exit: 0 },
  { title: 'another stack', app: stack('s'), run: stack('t'), exit: 72 },
  { title: 'another stack, by force', app: stack('s'), run: stack('t'), force: true, exit: 72, engine: 'too' },
  { title: 'another stack, which no longer counts', app: stack('s', ['a'], '0.12'), run: stack('t'), exit: 0 },
  { title: 'no stack of the app', app: stack(), run: stack('s'), exit: 72 },
  { title: 'no stack of the run image', app: stack('s'), exit: 72 },
  { title: 'mixins without their stages', app: stack('s', ['run:a', 'any:b', 'c', 'c']), run: stack('s', ['a', 'build:b', 'x:c', 'd']), exit: 0, engine: 'too' },
  { title: 'a mixin of two parts', app: stack('s', ['run:x:b']), run: stack('s', ['b']), exit: 72 },
  { title: 'a mixin that lacks', app: stack('s', ['a', 'b']), run: stack('s', ['a']), exit: 72 },
  { title: 'a mixin that lacks, by force', app: stack('s', ['a', 'b']), run: stack('s', ['a']), force: true, exit: 72 },
  { title: 'the mark and the target, which did not count yet', app: { ...stack('s'), platform: { architecture: 'arm' }, labels: { ...stack('s').labels, 'io.buildpacks.rebasable': 'false' } }, run: { ...stack('s'), platform: { architecture: 'ppc64le' } }, exit: 0 },
  { title: 'another tag, for an old app', app: { ...stack('s'), ...names('%run:1') }, run: stack('s'), asked: '%run:2', exit: 72 },
  { title: 'another tag, for an old app, by force', app: { ...stack('s'), ...names('%run:1') }, run: stack('s'), asked: '%run:2', force: true, exit: 0 },
]

const INVALID = { reason: 'cnb has one exit code for malformed labels, whichever command reads them', exit: 1 }
const HISTORY = {
  reason: 'the rebaser repeats one layer in the place of others where the history has fewer entries than there are layers',
  layers: [...NEW_LAYERS, ...OWN_LAYERS],
}

const CONTENT: readonly RebaseCase[] = [
  {
    title: 'labels of the base',
    app: { labels: { 'io.buildpacks.base.gone': 'x', 'io.buildpacks.stack.id': 'old', 'io.buildpacks.basement': 'stays', mine: 'é 😀 <&> \u2028' } },
    run: { labels: { 'io.buildpacks.base.maintainer': 'new <x>', 'io.buildpacks.stack.id': 'new', theirs: 'y' } },
    exit: 0,
    engine: 'too',
  },
  { title: 'what engines leave in a configuration', app: { more: { author: 'me', docker_version: '20.10.24', container: 'c', 'os.version': '1', 'os.features': ['f'] }, config: { Hostname: 'h', Image: 'i', Tty: true, ArgsEscaped: true, Healthcheck: { Test: ['NONE'], StartInterval: 3 }, StopSignal: 'SIGINT', Volumes: { '/v': {} } } }, exit: 0 },
  { title: "a run image's own", run: { more: { author: 'me', 'os.version': '10.0.1', 'os.features': ['f'], docker_version: '1' }, config: { User: '7', Cmd: ['x'], WorkingDir: '/x', OnBuild: ['RUN x'] } }, exit: 0 },
  { title: 'a run image of fewer layers', run: { layers: ['new patches'] }, exit: 0, engine: 'too' },
  { title: 'a run image of the same layers', run: { layers: BASE_LAYERS }, exit: 0 },
  { title: 'a run image without layers', run: { layers: [] }, exit: 72, differs: { reason: 'for cnb the run image is at fault', exit: 1 } },
  {
    title: 'an app whose base has one layer twice',
    app: { layers: ['old patches', 'system', 'old patches', ...OWN_LAYERS] },
    exit: 0,
    differs: { reason: 'the rebaser takes the first of the two for the top of the base, and keeps the rest of the old base', layers: [...NEW_LAYERS, ...OWN_LAYERS] },
  },
  { title: 'an app that has the top of its base as one of its own layers', app: { layers: [...BASE_LAYERS, 'dependency', 'old patches', 'launcher', 'app'] }, exit: 0 },
  { title: 'an app without the top layer of its base', app: { layers: ['system', ...OWN_LAYERS] }, exit: 72 },
  { title: 'an app with fewer entries of history than layers', app: { more: { history: [] } }, exit: 0, differs: HISTORY },
  { title: 'a run image with fewer entries of history than layers', run: { more: { history: [] } }, exit: 0, differs: HISTORY },
  { title: 'an app without the label', app: { metadata: '' }, asked: '%run', exit: 72 },
  { title: 'an app without the label, by force', app: { metadata: '' }, asked: '%run', force: true, exit: 72 },
  { title: 'a label that is not JSON', app: { metadata: '{' }, exit: 72, differs: INVALID },
  { title: 'a label that is not an object', app: { metadata: '[]' }, exit: 72, differs: INVALID },
  { title: 'a label with members of other types', app: { metadata: { launcher: 'x' } }, exit: 72, differs: INVALID },
  {
    title: 'an app that is not a list',
    app: { metadata: { app: { sha: 'x' } } },
    exit: 72,
    differs: { reason: 'lifecycles before slices wrote it so, and what is above the base is known all the same', exit: 0 },
  },
  {
    title: 'a member that the lifecycle does not know',
    app: { metadata: { more: { b: 1, a: 2 } } },
    exit: 0,
    differs: { reason: 'cnb keeps what others wrote', config: (theirs) => theirs.replace('}}}"', String.raw`}},\"more\":{\"b\":1,\"a\":2}}"`) },
  },
  {
    title: 'numbers that JSON can hold and Go cannot',
    app: { metadata: { buildpacks: [{ key: 'a', version: '1', layers: { b: { sha: 'x', data: { f: number('2.0'), n: number('9007199254740993') }, build: false, launch: false, cache: false } } }] } },
    exit: 0,
    differs: { reason: 'the rebaser rounds integers above 2^53 and makes integers of floats', config: (theirs) => theirs.replace(/9007199254740992/, '9007199254740993').replace(String.raw`\"f\":2,`, String.raw`\"f\":2.0,`) },
  },
  { title: 'mixins that are not JSON', app: { api: '0.11', labels: { 'io.buildpacks.stack.id': 's', 'io.buildpacks.stack.mixins': '{' } }, run: stack('s'), exit: 72, differs: INVALID },
  { title: 'a Platform API of 1.0', app: { api: '1.0' }, exit: 0 },
  { title: 'an empty Platform API', app: stack('s', undefined, ''), run: stack('s'), exit: 0 },
]

/** All cases. */
export const REBASE_CASES: readonly RebaseCase[] = [...NAMES, ...TARGETS, ...STACKS, ...CONTENT]
