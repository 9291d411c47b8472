/** Which Platform API a builder and `cnb` speak to each other (specification, platform.md "Platform API Compatibility"). */

import { CnbError } from '../base/errors.ts'
import type { Builder } from '../builder/builder.ts'
import { PLATFORM_APIS } from '../formats/api-features.ts'
import { type ApiVersion, compareApiVersions, formatApiVersion, parseApiVersion } from '../formats/versions.ts'

/**
 * The newest version that both sides have; one that the builder's lifecycle calls deprecated counts too, as it still works.
 * @throws CnbError CNB_PLATFORM_API
 */
export function negotiatePlatformApi(builder: Pick<Builder, 'lifecycle' | 'image'>): ApiVersion {
  const { supported, deprecated } = builder.lifecycle.platformApis
  const offered = [...supported, ...deprecated]
  const common = offered
    .flatMap((text) => parseApiVersion(text) ?? [])
    .filter((version) => PLATFORM_APIS.some((text) => text === formatApiVersion(version)))
    .sort(compareApiVersions)
  const newest = common.at(-1)
  if (newest) return newest
  throw new CnbError(
    'CNB_PLATFORM_API',
    `builder '${builder.image.reference}' speaks Platform API ${offered.join(', ') || '(none)'}, cnb speaks ${PLATFORM_APIS[0]} to ${PLATFORM_APIS.at(-1)}`,
    { hint: 'Use a builder with a newer lifecycle, or a newer cnb.' },
  )
}
