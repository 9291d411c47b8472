/** Named volumes of an engine. */

import { throwIfAborted } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { EngineClient } from './client.ts'
import type { Volumes } from './engine.ts'
import { refusalStatus } from './errors.ts'
import { Grace } from './grace.ts'
import { recordOf, recordsOf, stringMapOf, stringOf } from '../base/foreign-json.ts'

type Labels = Readonly<Record<string, string>>

export function makeVolumes(client: EngineClient): Volumes {
  return {
    create: (name, labels, context) => create(client, name, labels, context),
    remove: (name) => remove(client, name),
    list: (label, context) => list(client, label, context),
  }
}

const pathOf = (name: string): string => `/volumes/${encodeURIComponent(name)}`

/**
 * Creating one that exists is no error for the engine, so a race with another `cnb` is none either; only the labels are the first's.
 * An interruption does not cut the creation itself short: whoever asked has to learn that there is something to remove.
 */
async function create(client: EngineClient, name: string, labels: Labels, context: Context = {}): Promise<boolean> {
  const { signal } = context
  const task = `cannot create the volume ${name}`
  try {
    await client.text({ task, method: 'GET', path: pathOf(name), signal })
    return false
  } catch (error) {
    if (refusalStatus(error) !== 404) throw error
  }
  throwIfAborted(signal)
  using grace = new Grace(signal)
  const body = { Name: name, Labels: labels }
  await client.text({ task, method: 'POST', path: '/volumes/create', body, signal: grace.signal })
  return true
}

async function remove(client: EngineClient, name: string): Promise<void> {
  try {
    await client.text({ task: `cannot remove the volume ${name}`, method: 'DELETE', path: pathOf(name) })
  } catch (error) {
    if (refusalStatus(error) !== 404) throw error
  }
}

async function list(client: EngineClient, label: string, context: Context = {}): ReturnType<Volumes['list']> {
  const query = { filters: { label: [label] } }
  const reply = recordOf(await client.json({ task: 'cannot list volumes', method: 'GET', path: '/volumes', query, signal: context.signal }))
  return recordsOf(reply.Volumes).flatMap(({ Name, Labels }) => {
    const name = stringOf(Name)
    return name === undefined ? [] : [{ name, labels: stringMapOf(Labels) }]
  })
}
