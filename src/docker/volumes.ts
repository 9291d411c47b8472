/** Named volumes of an engine. */

import { systemClock } from '../base/clock.ts'
import { throwIfAborted } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { EngineClient } from './connection/client.ts'
import type { Volumes } from './engine.ts'
import { EngineRefusal, engineStatus } from './engine-errors.ts'
import { CreateGracePeriod } from './create-grace-period.ts'
import { numberOf, recordOf, recordsOf, stringMapOf, stringOf } from '../formats/lenient-values.ts'

type Labels = Readonly<Record<string, string>>

export function makeVolumes(client: EngineClient): Volumes {
  return {
    exists: async (name, context) => (await labelsOf(client, name, context)) !== undefined,
    labels: (name, context) => labelsOf(client, name, context),
    create: (name, labels, context) => create(client, name, labels, context),
    remove: (name) => remove(client, name),
    list: (label, context) => list(client, label, context),
    sizes: (context) => sizes(client, context),
  }
}

const pathOf = (name: string): string => `/volumes/${encodeURIComponent(name)}`

async function labelsOf(client: EngineClient, name: string, { signal }: Context = {}): Promise<Labels | undefined> {
  try {
    return stringMapOf(recordOf(await client.json({ task: `cannot look for the volume ${name}`, method: 'GET', path: pathOf(name), signal })).Labels)
  } catch (error) {
    if (engineStatus(error) !== 404) throw error
    return undefined
  }
}

/**
 * Creating an existing volume succeeds, and only the first request sets the labels, which the reply has. An interruption does not abort the creation: the caller must learn that there is a volume to remove.
 */
async function create(client: EngineClient, name: string, labels: Labels, context: Context = {}): Promise<boolean> {
  const { signal } = context
  throwIfAborted(signal)
  using grace = new CreateGracePeriod(signal)
  const body = { Name: name, Labels: labels }
  const task = `cannot create the volume ${name}`
  const reply = recordOf(await client.json({ task, method: 'POST', path: '/volumes/create', body, signal: grace.signal }))
  const made = stringMapOf(reply.Labels)
  return Object.entries(labels).every(([label, value]) => made[label] === value)
}

async function remove(client: EngineClient, name: string): Promise<void> {
  try {
    await client.text({ task: `cannot remove the volume ${name}`, method: 'DELETE', path: pathOf(name) })
  } catch (error) {
    if (engineStatus(error) !== 404) throw error
  }
}

async function list(client: EngineClient, label?: string, context: Context = {}): ReturnType<Volumes['list']> {
  const query = { filters: label === undefined ? undefined : { label: [label] } }
  const reply = recordOf(await client.json({ task: 'cannot list volumes', method: 'GET', path: '/volumes', query, signal: context.signal }))
  return recordsOf(reply.Volumes).flatMap(({ Name, Labels, CreatedAt }) => {
    const name = stringOf(Name)
    const created = Date.parse(stringOf(CreatedAt) ?? '')
    return name === undefined ? [] : [{ name, labels: stringMapOf(Labels), ...(Number.isNaN(created) ? {} : { created }) }]
  })
}

/** In milliseconds. */
const PAUSE = 500
const RUNNING = /disk usage operation is already running/

/** Engines before 23.0 refuse a second measurement at the same time. */
async function sizes(client: EngineClient, context: Context = {}): ReturnType<Volumes['sizes']> {
  const { signal } = context
  try {
    const reply = recordOf(await client.json({ task: 'cannot measure volumes', method: 'GET', path: '/system/df', query: { type: 'volume' }, signal }))
    return new Map(recordsOf(reply.Volumes).flatMap(({ Name, UsageData }): [string, number][] => {
      const [name, size] = [stringOf(Name), numberOf(recordOf(UsageData).Size)]
      return name === undefined || size === undefined ? [] : [[name, size]]
    }))
  } catch (error) {
    if (!(error instanceof EngineRefusal) || !RUNNING.test(error.words)) throw error
    await systemClock.sleep(PAUSE, signal)
    return sizes(client, context)
  }
}
