/** Names of builders for the completion of command lines. */

import { trustedBuilders } from '../../builder/trust.ts'
import { suggestBuilders } from '../builder/suggested-builders.ts'
import { readConfig } from '../config/config-file.ts'
import type { Host } from '../services.ts'
import { imageNames } from './engine-names.ts'

/** Returns the builders of the engine and of the configuration file, and those that are well-known. */
export async function builderNames(host: Host, limitMs: number): Promise<string[]> {
  const [onEngine, config] = await Promise.all([
    imageNames(host, limitMs, 'io.buildpacks.builder.metadata').catch(() => []),
    readConfig(host).catch(() => undefined),
  ])
  const { defaultBuilder, trustedBuilders: trusted = [] } = config ?? {}
  return [...new Set([...onEngine, ...(defaultBuilder === undefined ? [] : [defaultBuilder]), ...trusted, ...suggestBuilders().map(({ image }) => image), ...trustedBuilders()])]
}
