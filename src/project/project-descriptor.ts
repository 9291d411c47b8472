/** Reads project.toml (extensions/project-descriptor.md, schema 0.2; schemas 0.1 and 0.3 as in pack). */

import type { FieldReader } from '../formats/field-reader.ts'
import { readTomlFields } from '../formats/toml-fields.ts'
import { envNameProblem, envValueProblem } from './env.ts'

/** A buildpack in project.toml. At most one of `version`, `uri` and `script` is set. */
export interface ProjectBuildpack {
  readonly id?: string
  /** Without a version, `uri` or `script`, the builder's version is used. */
  readonly version?: string
  /** A locator; a path is relative to the descriptor's directory. */
  readonly uri?: string
  /** An inline buildpack; `inline` is its `bin/build`. */
  readonly script?: { readonly api: string; readonly shell: string; readonly inline: string }
}

/** The content of a project descriptor. Missing lists are empty, except `include` and `exclude`; at most one of these is set. */
export interface ProjectDescriptor {
  readonly builder?: string
  /** .gitignore patterns of the files to include, or to exclude. */
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  /** Replaces the builder's order; `pre` and `post` are added to either. */
  readonly group: readonly ProjectBuildpack[]
  readonly pre: readonly ProjectBuildpack[]
  readonly post: readonly ProjectBuildpack[]
  /** In file order. */
  readonly env: readonly { readonly name: string; readonly value: string }[]
  /** The project's version and source, for project-metadata.toml. */
  readonly version?: string
  readonly sourceUrl?: string
  /** Warnings about keys without effect. */
  readonly warnings: readonly string[]
}

type Schema = '0.1' | '0.2' | '0.3'

/**
 * Parses a project descriptor. As in pack, unknown keys are reported as warnings and invalid values as errors.
 * @param file the file's name in errors
 * @param execEnv the image's execution environment: entries for other environments are omitted
 * @throws CnbError CNB_DESCRIPTOR_INVALID with file, and line and column if available
 */
export function parseProjectDescriptor(text: string, file: string, execEnv: string): ProjectDescriptor {
  const warnings: string[] = []
  const document = readTomlFields(text, file, { events: (event) => event.type === 'warning' && warnings.push(event.message) })
  const about = document.table('_')
  const written = about?.string('schema-version')
  if (written === undefined) {
    warnings.push(
      `${file} has no schema-version below [_] and is read as schema 0.1; set schema-version = "0.2" to use [io.buildpacks]`,
    )
  }
  const schema = about && written !== undefined ? schemaOf(written, about) : '0.1'
  return schema === '0.1' ? readOldSchema(document, file, warnings) : readSchema(document, about, { schema, execEnv }, file, warnings)
}

function schemaOf(version: string, about: FieldReader): Schema {
  if (version === '0.1' || version === '0.2' || version === '0.3') return version
  throw about.error('schema-version', `unknown project descriptor schema version '${version}'`, 'Use 0.1, 0.2 or 0.3.')
}

/** Schemas 0.2 and 0.3. Tables outside io.buildpacks belong to other tools, and `_.metadata` may have any content. */
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
  // The first version of the specification had the two words in reverse order.
  const legacy = ours?.table('env')
  ours?.allow('schema-version')
  const read = new Entries(use, file, warnings)
  for (const key of ['build', 'project'].filter((key) => document.has(key))) {
    warnings.push(
      `${file}: [${key}] belongs to schema 0.1 and has no effect; in ${use.schema} use ${key === 'build' ? '[io.buildpacks]' : '[_]'}`,
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

/** Schema 0.1: `[project]` and `[build]`. */
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

/** Reads the parts that the schemas share, and collects warnings. */
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
        this.#warnings.push(`${this.#file}: '${key}' is not a key of schema ${this.#schema} and has no effect`)
      }
    }
  }

  about(table: FieldReader | undefined): Pick<ProjectDescriptor, 'version' | 'sourceUrl'> {
    const version = table?.string('version')
    const sourceUrl = table?.string('source-url')
    table?.allow('schema-version', 'id', 'name', 'authors', 'documentation-url', 'metadata')
    for (const license of table?.tables('licenses') ?? []) {
      const said = [license.string('type'), license.string('uri')]
      if (said.every((value) => value === undefined)) throw license.error(undefined, 'a license requires a type or a uri')
    }
    this.warn(table)
    return { ...(version === undefined ? {} : { version }), ...(sourceUrl === undefined ? {} : { sourceUrl }) }
  }

  files(table: FieldReader | undefined): Pick<ProjectDescriptor, 'builder' | 'include' | 'exclude'> {
    const builder = table?.string('builder')
    const include = table?.strings('include') ?? []
    const exclude = table?.strings('exclude') ?? []
    if (table && include.length > 0 && exclude.length > 0) {
      throw table.error('exclude', 'include and exclude are mutually exclusive', 'Remove one of them.')
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
    if (!id && !uri) throw entry.error(undefined, 'a buildpack requires an id or a uri')
    if (script?.has('shell') === false && script.string('inline')?.trimStart().startsWith('#!')) {
      this.#warnings.push(
        `${this.#file}: '#!' in the inline script of '${id ?? ''}' has no effect: /bin/sh runs it, unless 'shell' specifies another program`,
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
        if (problem) throw entry.error('name', `${JSON.stringify(name)} is not a variable name: ${problem}`)
        if (value === undefined) throw entry.error(undefined, `the variable '${name}' has no value`)
        const wrong = envValueProblem(value)
        if (wrong) throw entry.error('value', `invalid value of variable '${name}': ${wrong}`)
        this.warn(entry)
        return { name, value }
      })
  }

  /** Schema 0.3: an entry may be limited to some execution environments. */
  #applies(entry: FieldReader): boolean {
    if (this.#schema !== '0.3') return true
    const environments = entry.strings('exec-env')
    return environments.length === 0 || environments.some((environment) => environment === this.#execEnv || environment === '*')
  }
}
