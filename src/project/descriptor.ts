/** project.toml (specification, extensions/project-descriptor.md, schema 0.2; and pack's 0.1 and 0.3). */

import { readTomlFields, type FieldReader } from '../formats/field-reader.ts'
import { envNameProblem, envValueProblem } from './env.ts'

/** A buildpack that the project asks for. At most one of `version`, `uri` and `script` is there. */
export interface ProjectBuildpack {
  readonly id?: string
  /** Without it (and without `uri` and `script`) the builder's own version is meant. */
  readonly version?: string
  /** A locator, relative to the descriptor's directory where it is a path. */
  readonly uri?: string
  /** An inline buildpack: its `bin/build`. */
  readonly script?: { readonly api: string; readonly shell: string; readonly inline: string }
}

/** What a project says of its own build. Missing lists are empty, but for `include` and `exclude`, of which one at most is there. */
export interface ProjectDescriptor {
  readonly builder?: string
  /** .gitignore patterns of the only files that count, or of those that do not. */
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  /** Replaces the builder's order; `pre` and `post` go around either. */
  readonly group: readonly ProjectBuildpack[]
  readonly pre: readonly ProjectBuildpack[]
  readonly post: readonly ProjectBuildpack[]
  /** In the order of the file. */
  readonly env: readonly { readonly name: string; readonly value: string }[]
  /** The project's own version and source, for project-metadata.toml. */
  readonly version?: string
  readonly sourceUrl?: string
  /** What was not understood and had no effect. */
  readonly warnings: readonly string[]
}

type Schema = '0.1' | '0.2' | '0.3'

/**
 * Reads a project descriptor. Keys that are not known are warned of, as by pack; wrong ones are errors.
 * @param file the name that errors tell the user
 * @param execEnv what the image is for: entries for other execution environments are left out
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, line and column where there is one
 */
export function parseProjectDescriptor(text: string, file: string, execEnv: string): ProjectDescriptor {
  const warnings: string[] = []
  const document = readTomlFields(text, file, { events: (event) => event.type === 'warning' && warnings.push(event.message) })
  const about = document.table('_')
  const written = about?.string('schema-version')
  if (written === undefined) {
    warnings.push(
      `${file} has no schema-version below [_], so it is read as schema 0.1; write schema-version = "0.2" to use [io.buildpacks]`,
    )
  }
  const schema = about && written !== undefined ? schemaOf(written, about) : '0.1'
  return schema === '0.1' ? readOldSchema(document, file, warnings) : readSchema(document, about, { schema, execEnv }, file, warnings)
}

function schemaOf(version: string, about: FieldReader): Schema {
  if (version === '0.1' || version === '0.2' || version === '0.3') return version
  throw about.error('schema-version', `unknown project descriptor schema version '${version}'`, 'Known are 0.1, 0.2 and 0.3.')
}

/** 0.2 and 0.3: tables of other domains than io.buildpacks are others' business, and so is `_.metadata`. */
function readSchema(
  document: FieldReader,
  about: FieldReader | undefined,
  use: { readonly schema: Schema; readonly execEnv: string },
  file: string,
  warnings: string[],
): ProjectDescriptor {
  const ours = document.table('io')?.table('buildpacks')
  const build = ours?.table('build')
  const pre = ours?.table('pre')
  const post = ours?.table('post')
  // The specification's first text had the two words the other way round.
  const legacy = ours?.table('env')
  ours?.allow('schema-version')
  const read = new Entries(use, file, warnings)
  for (const key of ['build', 'project'].filter((key) => document.has(key))) {
    warnings.push(
      `${file}: [${key}] is of schema 0.1, so it has no effect; in ${use.schema} it is ${key === 'build' ? '[io.buildpacks]' : '[_]'}`,
    )
  }
  const legacyEnv = read.env(legacy, 'build')
  const descriptor = {
    ...read.files(ours),
    group: read.buildpacks(ours, 'group'),
    pre: read.buildpacks(pre, 'group'),
    post: read.buildpacks(post, 'group'),
    env: build?.has('env') ? read.env(build, 'env') : legacyEnv,
    ...read.about(about),
    warnings,
  }
  read.warn(ours, build, pre, post, legacy)
  return descriptor
}

/** 0.1: `[project]` and `[build]`. */
function readOldSchema(document: FieldReader, file: string, warnings: string[]): ProjectDescriptor {
  const build = document.table('build')
  const pre = build?.table('pre')
  const post = build?.table('post')
  document.allow('_', 'metadata')
  const read = new Entries({ schema: '0.1' }, file, warnings)
  const descriptor = {
    ...read.files(build),
    group: read.buildpacks(build, 'buildpacks'),
    pre: read.buildpacks(pre, 'group'),
    post: read.buildpacks(post, 'group'),
    env: read.env(build, 'env'),
    ...read.about(document.table('project')),
    warnings,
  }
  read.warn(document, build, pre, post)
  return descriptor
}

/** Reads the parts that the schemas share, and collects what was not understood. */
class Entries {
  readonly #schema: Schema
  readonly #execEnv: string | undefined
  readonly #file: string
  readonly #warnings: string[]

  constructor({ schema, execEnv }: { readonly schema: Schema; readonly execEnv?: string }, file: string, warnings: string[]) {
    this.#schema = schema
    this.#execEnv = execEnv
    this.#file = file
    this.#warnings = warnings
  }

  warn(...tables: (FieldReader | undefined)[]): void {
    for (const table of tables) {
      for (const key of table?.unknownKeys() ?? []) {
        this.#warnings.push(`${this.#file}: '${key}' is not a key of schema ${this.#schema}, so it has no effect`)
      }
    }
  }

  about(table: FieldReader | undefined): Pick<ProjectDescriptor, 'version' | 'sourceUrl'> {
    const version = table?.string('version')
    const sourceUrl = table?.string('source-url')
    table?.allow('schema-version', 'id', 'name', 'authors', 'documentation-url', 'metadata')
    for (const license of table?.tables('licenses') ?? []) {
      const said = [license.string('type'), license.string('uri')]
      if (said.every((value) => value === undefined)) throw license.error(undefined, 'a license needs a type or a uri')
    }
    this.warn(table)
    return { ...(version === undefined ? {} : { version }), ...(sourceUrl === undefined ? {} : { sourceUrl }) }
  }

  files(table: FieldReader | undefined): Pick<ProjectDescriptor, 'builder' | 'include' | 'exclude'> {
    const builder = table?.string('builder')
    const include = table?.strings('include') ?? []
    const exclude = table?.strings('exclude') ?? []
    if (table && include.length > 0 && exclude.length > 0) {
      throw table.error('exclude', 'include and exclude cannot both be given', 'Keep the one that says it shorter.')
    }
    return {
      ...(builder === undefined ? {} : { builder }),
      ...(include.length > 0 ? { include } : {}),
      ...(exclude.length > 0 ? { exclude } : {}),
    }
  }

  buildpacks(table: FieldReader | undefined, key: string): ProjectBuildpack[] {
    return (table?.tables(key) ?? []).filter((entry) => this.#applies(entry)).map((entry) => this.#buildpack(entry))
  }

  #buildpack(entry: FieldReader): ProjectBuildpack {
    const id = entry.string('id')
    const version = entry.string('version')
    const uri = entry.string('uri')
    const script = entry.table('script')
    const sources = Object.entries({ version, uri, script }).filter(([, value]) => value !== undefined)
    if (sources.length > 1) {
      throw entry.error(
        sources[1]?.[0],
        `a buildpack has at most one of version, uri and script, not ${sources.map(([key]) => key).join(' and ')}`,
      )
    }
    if (!id && !uri) throw entry.error(undefined, 'a buildpack needs an id or a uri')
    if (script?.has('shell') === false && script.string('inline')?.trimStart().startsWith('#!')) {
      this.#warnings.push(
        `${this.#file}: the inline script of '${id ?? ''}' begins with '#!', which has no effect: /bin/sh runs it, unless 'shell' names another program`,
      )
    }
    const inline = script && {
      api: script.requiredString('api'),
      shell: script.string('shell') ?? '/bin/sh',
      inline: script.requiredString('inline'),
    }
    this.warn(entry, script)
    return {
      ...(id ? { id } : {}),
      ...(version === undefined ? {} : { version }),
      ...(uri === undefined ? {} : { uri }),
      ...(inline ? { script: inline } : {}),
    }
  }

  env(table: FieldReader | undefined, key: string): { name: string; value: string }[] {
    return (table?.tables(key) ?? [])
      .filter((entry) => this.#applies(entry))
      .map((entry) => {
        const name = entry.requiredString('name')
        const value = entry.string('value')
        const problem = envNameProblem(name)
        if (problem) throw entry.error('name', `${JSON.stringify(name)} cannot be a variable: ${problem}`)
        if (value === undefined) throw entry.error(undefined, `the variable '${name}' has no value`)
        const wrong = envValueProblem(value)
        if (wrong) throw entry.error('value', `the variable '${name}' cannot have this value: ${wrong}`)
        this.warn(entry)
        return { name, value }
      })
  }

  /** Schema 0.3: an entry may be for some execution environments only. */
  #applies(entry: FieldReader): boolean {
    if (this.#schema !== '0.3') return true
    const environments = entry.strings('exec-env')
    return environments.length === 0 || environments.some((environment) => environment === this.#execEnv || environment === '*')
  }
}
