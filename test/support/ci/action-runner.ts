/**
 * Runs the steps of a composite action as GitHub's runner does.
 *
 * It has the runner's expressions, conditions, variables, environment files and log. Actions that a step uses are functions of the test.
 */

import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { data, Evaluator, Lexer, Parser } from '@actions/expressions'
import { parse } from 'yaml'
import { readLog, type JobLog } from './job-log.ts'

export interface ActionFile {
  readonly inputs: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>
  readonly outputs: Readonly<Record<string, { readonly value: string }>>
  readonly runs: { readonly using: string; readonly steps: readonly ActionStep[] }
}

interface ActionStep {
  readonly id?: string
  readonly if?: string
  readonly run?: string
  readonly shell?: string
  readonly uses?: string
  readonly with?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

/** A used action: receives its inputs, returns its outputs. */
export type UsedAction = (inputs: Readonly<Record<string, string>>) => Promise<Record<string, string>>

export interface ActionRun {
  /** The directory of action.yml. */
  readonly action: string
  readonly inputs: Readonly<Record<string, string>>
  /** A directory for the runner's files. */
  readonly temporary: string
  /** The working directory: the checkout of the user's repository. */
  readonly workspace: string
  readonly env?: Readonly<Record<string, string>>
  /** By name without the version. */
  readonly uses?: Readonly<Record<string, UsedAction>>
}

export interface ActionResult extends JobLog {
  readonly failed: boolean
  readonly outputs: Record<string, string>
  readonly summary: string
}

export async function readAction(directory: string): Promise<ActionFile> {
  return parse(await readFile(join(directory, 'action.yml'), 'utf8')) as ActionFile
}

export async function runAction({ action: directory, inputs: given, temporary, workspace, env = {}, uses = {} }: ActionRun): Promise<ActionResult> {
  const action = await readAction(directory)
  // The runner fills defaults, and does not check `required`.
  const inputs = Object.fromEntries(Object.entries(action.inputs).map(([name, input]) => [name, given[name] ?? input.default ?? '']))
  const steps: Record<string, { outputs: Record<string, string> }> = {}
  const contexts = { inputs, steps, runner: { os: 'Linux', arch: 'X64', temp: temporary }, github: { workspace } }
  let failed = false
  let log = ''
  let summary = ''
  const shared: Record<string, string> = { ...env }
  for (const [index, step] of action.runs.steps.entries()) {
    if (failed || (step.if !== undefined && !isTruthy(evaluate(step.if, contexts)))) continue
    const interpolated = (texts: Readonly<Record<string, string>> = {}) => Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, interpolate(text, contexts)]))
    if (step.uses !== undefined) {
      const used = uses[step.uses.replace(/@.*/, '')]
      if (!used) throw new Error(`the test has no action ${step.uses}`)
      steps[step.id ?? index] = { outputs: await used(interpolated(step.with)) }
      continue
    }
    const files = join(temporary, `_runner_${index}`)
    await mkdir(files, { recursive: true })
    const file = (name: string) => join(files, name)
    for (const name of ['output', 'env', 'path', 'summary']) await writeFile(file(name), '')
    await writeFile(file('script.sh'), interpolate(step.run ?? '', contexts))
    const { code, text } = await execute(file('script.sh'), workspace, {
      ...shared, ...interpolated(step.env), GITHUB_ACTIONS: 'true', CI: 'true', RUNNER_TEMP: temporary, RUNNER_OS: 'Linux', RUNNER_ARCH: 'X64', GITHUB_ACTION_PATH: directory, GITHUB_WORKSPACE: workspace,
      GITHUB_OUTPUT: file('output'), GITHUB_ENV: file('env'), GITHUB_PATH: file('path'), GITHUB_STEP_SUMMARY: file('summary'),
    })
    failed = code !== 0
    log += text
    summary += await readFile(file('summary'), 'utf8')
    steps[step.id ?? index] = { outputs: readEnvironmentFile(await readFile(file('output'), 'utf8')) }
    Object.assign(shared, readEnvironmentFile(await readFile(file('env'), 'utf8')))
  }
  const outputs = Object.fromEntries(Object.entries(action.outputs).map(([name, { value }]) => [name, interpolate(value, contexts)]))
  return { failed, outputs, summary, ...readLog(log) }
}

/** The runner's command for `shell: bash`. */
function execute(script: string, cwd: string, env: Record<string, string>): Promise<{ code: number | null; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', script], { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, text }))
  })
}

/** Replaces the expressions in a text; a value is never read again as an expression. */
function interpolate(text: string, contexts: object): string {
  return String(text).replace(/\$\{\{(.*?)\}\}/gs, (_, expression: string) => evaluate(expression.trim(), contexts).coerceString())
}

function evaluate(expression: string, contexts: object) {
  const { tokens } = new Lexer(expression).lex()
  const names = Object.keys(contexts)
  const values = JSON.parse(JSON.stringify(contexts), data.reviver) as data.Dictionary
  return new Evaluator(new Parser(tokens, names, []).parse(), values).evaluate()
}

function isTruthy(value: { coerceString(): string }): boolean {
  return !['', 'false', '0'].includes(value.coerceString())
}

/** Parses `name=value` and `name<<END`, with lines up to END. @throws Error for another line, as the runner */
export function readEnvironmentFile(text: string): Record<string, string> {
  const values: Record<string, string> = {}
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!
    const [, name, end] = /^([^=<]+)<<(.+)$/.exec(line) ?? []
    if (name !== undefined && end !== undefined) {
      const last = lines.indexOf(end, at + 1)
      if (last < 0) throw new Error(`the value of ${name} has no end`)
      values[name] = lines.slice(at + 1, last).join('\n')
      at = last
    } else if (line.includes('=')) values[line.slice(0, line.indexOf('='))] = line.slice(line.indexOf('=') + 1)
    else if (line !== '') throw new Error(`invalid line of an environment file: ${line}`)
  }
  return values
}
