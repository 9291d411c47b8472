/** Lists of resources, as kubectl prints them (fixtures/golden/kubectl). */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Group {
  readonly name: string
  readonly objects: readonly object[]
  readonly yaml: string
  readonly json: string
}

const read = (name: string): readonly Partial<Group>[] =>
  (JSON.parse(readFileSync(join(import.meta.dirname, '../../../../fixtures/golden/kubectl', name), 'utf8')) as { groups: Partial<Group>[] }).groups
const answers = read('answers.json')

export const kubectlLists = read('inputs.json').map(({ name, objects }, index) => ({
  name,
  list: { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: objects },
  yaml: answers[index]?.yaml,
  json: answers[index]?.json,
}))
