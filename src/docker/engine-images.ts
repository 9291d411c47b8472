/** Image operations of an engine. */

import type { Readable } from 'node:stream'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import { numberOf, recordOf, recordsOf, stringOf, stringsOf } from '../formats/lenient-values.ts'
import { isDigest } from '../oci/digest.ts'
import { readContainerConfig } from '../oci/read-config.ts'
import type { Platform } from '../oci/platform.ts'
import { parseReference, parseTag } from '../oci/reference.ts'
import type { EngineClient } from './connection/client.ts'
import type { EngineHistory, EngineImage, EngineImages, EngineInfo } from './engine.ts'
import { engineRefusal, engineStatus } from './engine-errors.ts'
import { readJsonLines } from './json-lines.ts'
import { pull } from './pull-image.ts'

export function makeEngineImages(client: EngineClient, info: (context?: Context) => Promise<EngineInfo>): EngineImages {
  return {
    inspect: (reference, context, platform) => inspect(client, info, reference, context, platform),
    history: (reference, context) => history(client, reference, context),
    pull: (reference, options, context) => pull(client, reference, options, context),
    load: (tar, context) => load(client, tar, context),
    save: (reference, context) => save(client, reference, context),
    tag: (source, target, context) => tag(client, source, target, context),
    remove: (reference) => remove(client, reference),
  }
}

/** Returns the path of an image; invalid references never get into a URL. @throws CnbError CNB_REFERENCE_INVALID */
function pathOf(reference: string, action: string): string {
  parseReference(reference)
  return `/images/${reference}${action}`
}

async function inspect(
  client: EngineClient,
  info: (context?: Context) => Promise<EngineInfo>,
  reference: string,
  context: Context = {},
  platform?: Platform,
): Promise<EngineImage | undefined> {
  const task = `cannot inspect the image ${reference}`
  const path = pathOf(reference, '/json')
  const query = platform && { platform: JSON.stringify({ os: platform.os, architecture: platform.architecture, variant: platform.variant }) }
  try {
    const image = readDescription(reference, await client.json({ task, method: 'GET', path, query, signal: context.signal }))
    // Podman (4.3 to 6.1) returns the version of the Docker that created the image here.
    const isOther = image.osVersion !== undefined && (await info(context)).product === 'podman'
    return isOther ? { ...image, osVersion: undefined } : image
  } catch (error) {
    if (engineStatus(error) === 404) return undefined
    throw error
  }
}

async function history(client: EngineClient, reference: string, context: Context = {}): Promise<EngineHistory[]> {
  const task = `cannot read the history of the image ${reference}`
  const request = { task, method: 'GET', path: pathOf(reference, '/history'), signal: context.signal } as const
  const reply = await client.json(request).catch((error: unknown) => notFound(error, reference))
  return recordsOf(reply).map((entry) => ({
    id: stringOf(entry.Id),
    created: numberOf(entry.Created) ?? 0,
    createdBy: stringOf(entry.CreatedBy) ?? '',
    comment: stringOf(entry.Comment) ?? '',
    size: numberOf(entry.Size) ?? 0,
  }))
}

/** A load reports, after one of two labels, a name, or the ID of an image without a name. */
const LOADED = /^Loaded image(?: ID)?: (\S+)$/
/** The containerd store reports a missing or wrong layer without an error, and keeps the incomplete image (Engine 28.5). */
const UNPACK_FAILED = /^Error unpacking image /

async function load(client: EngineClient, tar: Readable, context: Context = {}): Promise<string[]> {
  const task = 'cannot load an image into the engine'
  const query = { quiet: true }
  const reply = await client.stream({ task, method: 'POST', path: '/images/load', query, upload: tar, signal: context.signal })
  const loaded: string[] = []
  for await (const { stream } of readJsonLines(reply, task)) {
    for (const line of (stream ?? '').split('\n')) {
      if (UNPACK_FAILED.test(line)) throw engineRefusal(task, 0, line)
      const name = LOADED.exec(line.trim())?.[1]
      if (name !== undefined) loaded.push(name)
    }
  }
  return loaded
}

async function save(client: EngineClient, reference: string, context: Context = {}): Promise<Readable> {
  const task = `cannot save the image ${reference}`
  const request = { task, method: 'GET', path: pathOf(reference, '/get'), signal: context.signal } as const
  return client.stream(request).catch((error: unknown) => notFound(error, reference))
}

async function tag(client: EngineClient, source: string, target: string, context: Context = {}): Promise<void> {
  const { registry, repository, tag } = parseTag(target)
  const task = `cannot tag the image ${source} as ${target}`
  const query = { repo: `${registry}/${repository}`, tag }
  const request = { task, method: 'POST', path: pathOf(source, '/tag'), query, signal: context.signal } as const
  await client.text(request).catch((error: unknown) => notFound(error, source))
}

async function remove(client: EngineClient, reference: string): Promise<void> {
  try {
    await client.text({ task: `cannot remove the image ${reference}`, method: 'DELETE', path: pathOf(reference, '') })
  } catch (error) {
    if (engineStatus(error) !== 404) throw error
  }
}

function notFound(error: unknown, reference: string): never {
  if (engineStatus(error) !== 404) throw error
  throw new CnbError('CNB_IMAGE_NOT_FOUND', `the engine has no image ${reference}`, { cause: error })
}

/**
 * Reads the reply of the inspect endpoint; on the containerd store, an image for another platform may lack its configuration.
 * @throws CnbError CNB_IMAGE_INVALID if it has no ID, or layers that are not digests
 */
function readDescription(reference: string, description: unknown): EngineImage {
  const reply = recordOf(description)
  const id = stringOf(reply.Id)
  const layers = stringsOf(recordOf(reply.RootFS).Layers)
  const diffIds = layers.filter(isDigest)
  if (id === undefined || diffIds.length !== layers.length) {
    throw new CnbError('CNB_IMAGE_INVALID', `the engine's description of ${reference} lacks its ID, or has layers without a digest`)
  }
  return {
    id,
    // The containerd store lists an image that was pulled by digest under a name with that digest.
    tags: stringsOf(reply.RepoTags).filter((tag) => !tag.includes('@')),
    repoDigests: stringsOf(reply.RepoDigests),
    platform: { os: stringOf(reply.Os) ?? '', architecture: stringOf(reply.Architecture) ?? '', variant: stringOf(reply.Variant) },
    osVersion: stringOf(reply.OsVersion),
    created: stringOf(reply.Created),
    author: stringOf(reply.Author),
    config: readContainerConfig(reply.Config),
    diffIds,
    size: numberOf(reply.Size) ?? 0,
  }
}
