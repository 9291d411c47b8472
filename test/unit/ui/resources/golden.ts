import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ResourceRow } from '../../../../src/ui/resources/resource-row.ts'

interface Inputs {
  groups: { name: string; objects: ResourceRow[] }[]
  jsonPaths: string[]
  seconds: number[]
}

interface Answers {
  groups: { name: string; table: string; allNamespaces: string; labelled: string; names: string; describe: string[]; jsonPath: { text: string; error?: string }[] }[]
  durations: string[]
}

const read = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, '../../../../fixtures/golden/kubectl', name), 'utf8'))

/** kubectl's answers (fixtures/golden/kubectl), with their inputs. */
export const inputs = read('inputs.json') as Inputs
const answers = read('answers.json') as Answers

export const groups = inputs.groups.map((group, index) => ({ ...group, answer: answers.groups[index] as Answers['groups'][number] }))
export const durations = inputs.seconds.map((seconds, index) => ({ seconds, text: answers.durations[index] }))
