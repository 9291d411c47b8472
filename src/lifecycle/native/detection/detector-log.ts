/**
 * Reads the groups and results of the detector's log.
 * The log needs the level debug (lifecycle phase/detector.go, Resolve).
 */

import { HEADING, OUTCOME, plainLine, RESULTS } from '../../phase-reporter.ts'

/** The result of one buildpack or extension in a group. */
export interface DetectedModule {
  readonly id: string
  readonly version: string
  /** `skip`: it is optional, and did not detect or has no use. */
  readonly result: 'pass' | 'skip' | 'fail' | 'error'
  /** Of bin/detect, if the log has it: 100 means that the app is not for it. */
  readonly exitCode?: number | undefined
  /** A requirement or a provision that nothing meets. */
  readonly reason?: string | undefined
}

export interface TriedGroup {
  readonly modules: readonly DetectedModule[]
  /** Why a group of which each module passed does not fit. */
  readonly reason?: string | undefined
}

/** Lines of bin/detect; more than `MAX_LINES` are counted only. */
export interface DetectOutput {
  readonly module: string
  readonly lines: string[]
  omitted: number
}

const MAX_LINES = 50
/** More than real builders have, for a log that a buildpack forges: the rest is not read. */
const MAX_GROUPS = 1000
const MAX_MODULES = 1000
const UNUSABLE = 'fail: '
/** Of bin/detect, where the log omits them (buildpack.md "Detection"). */
const EXIT_CODES: Readonly<Record<DetectedModule['result'], number | undefined>> = { pass: 0, skip: 100, fail: 100, error: undefined }

/** The log is for people: a buildpack may print lines of the same form. The group that detection chose is in group.toml. */
export class DetectorLog {
  readonly #groups: { modules: DetectedModule[]; reason?: string }[] = []
  readonly #outputs = new Map<string, DetectOutput>()
  #current: DetectOutput | undefined
  #isInResults = false
  readonly #known: ReadonlySet<string>

  /** @param known IDs of the modules of the builder and of the build */
  constructor(known: ReadonlySet<string>) {
    this.#known = known
  }

  add(line: string): void {
    const plain = plainLine(line)
    const [heading, kind, module = ''] = HEADING.exec(plain) ?? []
    if (heading !== undefined) {
      this.#isInResults = kind === RESULTS
      if (kind === RESULTS && this.#groups.length < MAX_GROUPS) this.#groups.push({ modules: [] })
      this.#current = kind !== RESULTS && this.#known.has(idOf(module)) ? this.#outputOf(module, kind === 'Output') : undefined
    } else if (this.#isInResults) this.#result(plain)
    else if (this.#current && plain !== '') this.#keep(this.#current, plain)
  }

  get groups(): readonly TriedGroup[] {
    return this.#groups
  }

  get outputs(): readonly DetectOutput[] {
    return [...this.#outputs.values()].filter(({ lines }) => lines.length > 0)
  }

  /** The log repeats the output of a module for each group with it. */
  #outputOf(module: string, isOutput: boolean): DetectOutput | undefined {
    const known = this.#outputs.get(module)
    if (known && isOutput) return undefined
    const output = known ?? { module, lines: [], omitted: 0 }
    if (this.#outputs.size < MAX_MODULES) this.#outputs.set(module, output)
    return output
  }

  #keep(output: DetectOutput, line: string): void {
    if (output.lines.length < MAX_LINES) output.lines.push(line)
    else output.omitted++
  }

  #result(line: string): void {
    const group = this.#groups.at(-1)
    if (!group) return
    const [, word, module = '', relation, name, code] = OUTCOME.exec(line) ?? []
    const id = idOf(module)
    if (word !== undefined && this.#known.has(id) && group.modules.length < MAX_MODULES) {
      const version = module.slice(id.length + 1)
      const result = word === 'err' ? 'error' : (word as DetectedModule['result'])
      if (relation === undefined) group.modules.push({ id, version, result, exitCode: code === undefined ? EXIT_CODES[result] : Number(code) })
      else meet(group.modules, { id, version, result, reason: `${relation} ${name}` })
    } else if (word === undefined && line.startsWith(UNUSABLE)) group.reason = line.slice(UNUSABLE.length)
  }
}

/** Replaces the result of a module that passed. */
function meet(modules: DetectedModule[], { id, version, result, reason }: DetectedModule): void {
  const index = modules.findIndex((each) => each.id === id && each.version === version)
  if (index >= 0) modules[index] = { ...modules[index]!, result, reason }
}

function idOf(module: string): string {
  return module.slice(0, Math.max(0, module.lastIndexOf('@')))
}
