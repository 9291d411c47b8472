/** Negotiates the Platform API version (specification, platform.md "Platform API Compatibility"). */

import { CnbError } from '../base/errors.ts'
import type { Builder } from '../builder/builder.ts'
import { PLATFORM_APIS } from '../formats/api-features.ts'
import { type ApiVersion, compareApiVersions, formatApiVersion, parseApiVersion } from '../formats/versions.ts'

/**
 * Returns the newest version that both the builder and `cnb` support. Deprecated versions of the builder's lifecycle count, because
 * they still work.
 * @throws CnbError CNB_PLATFORM_API without a common version
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
    `builder '${builder.image.reference}' supports Platform API ${offered.join(', ') || '(none)'}, but cnb supports ${PLATFORM_APIS[0]} to ${PLATFORM_APIS.at(-1)}`,
    { hint: 'Use a builder with a newer lifecycle, or a newer cnb.' },
  )
}
