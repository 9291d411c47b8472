/** Names on the engine for the completion of command lines. */

import { requestBriefly } from '../../docker/connection/brief-request.ts'
import { recordOf, recordsOf, stringOf, stringsOf } from '../../formats/lenient-values.ts'
import { findEndpoint } from '../find-endpoint.ts'
import type { Host } from '../services.ts'

/** Returns the names of the engine's images, without the tag `latest`. @param label only images with the label @throws Error of the engine */
export async function imageNames(host: Host, limitMs: number, label?: string): Promise<string[]> {
  // Engines can have many more images without a name than with one.
  const filters = JSON.stringify({ dangling: ['false'], ...(label === undefined ? {} : { label: [label] }) })
  const images = recordsOf(await requestBriefly((await findEndpoint(host)).transport, `/images/json?filters=${encodeURIComponent(filters)}`, limitMs))
  const names = images.flatMap(({ RepoTags }) => stringsOf(RepoTags)).filter((name) => !name.includes('<none>'))
  return [...new Set(names.map((name) => name.replace(/^docker\.io\/(library\/)?/, '').replace(/:latest$/, '')))].sort()
}

/** Returns the process types of an app image. @throws Error of the engine */
export async function processTypes(image: string, host: Host, limitMs: number): Promise<string[]> {
  const found = recordOf(await requestBriefly((await findEndpoint(host)).transport, `/images/${encodeURIComponent(image)}/json`, limitMs))
  const label = stringOf(recordOf(recordOf(found['Config'])['Labels'])['io.buildpacks.build.metadata'])
  const { processes } = recordOf(label === undefined ? undefined : JSON.parse(label))
  return recordsOf(processes).flatMap(({ type }) => stringOf(type) ?? [])
}
