/** Decision events of a build about platform, Platform API, lifecycle, cache and trust. */

import { decide, type Context } from '../../base/events.ts'
import type { Builder } from '../../builder/builder.ts'
import { type ApiVersion, formatApiVersion } from '../../formats/versions.ts'
import { cachePlace } from '../../lifecycle/cache-volumes.ts'
import { formatPlatform } from '../../oci/platform.ts'
import type { BuildOptions, PlatformBuildOptions } from './build-options.ts'

/** Emits the decisions that depend on the options and the builder only, before the search for the run image. */
export function explainEnvironment(
  { platform, lifecycle, runImage }: Pick<PlatformBuildOptions, 'platform' | 'lifecycle' | 'runImage'>,
  builder: Builder,
  api: ApiVersion,
  context: Context,
): void {
  const { supported, deprecated } = builder.lifecycle.platformApis
  const platformSource = platform === undefined ? 'it is the default: the platform of the engine and the builder' : '--platform selects it'
  decide(context, { kind: 'platform', name: formatPlatform(builder.image.platform) }, 'chosen', platformSource)
  const offered = `both cnb and the builder's lifecycle ${builder.lifecycle.version} support it, and no newer version; the lifecycle supports ${[...supported, ...deprecated].join(', ')}`
  decide(context, { kind: 'platform api', name: formatApiVersion(api) }, 'chosen', offered)
  if (runImage !== undefined) decide(context, { kind: 'run image', name: runImage }, 'chosen', '--run-image selects it')
  const driver = lifecycle === 'stock' ? '--lifecycle selects it' : 'it is the default'
  decide(context, { kind: 'lifecycle', name: lifecycle ?? 'native' }, 'chosen', driver)
}

/** Emits the decision about the build's cache. */
export function explainCache({ lifecycle, cacheImage }: BuildOptions, keeping: Parameters<typeof cachePlace>[0], context: Context): void {
  const isChosen = keeping.cacheImage !== undefined || keeping.cacheDirectory !== undefined || keeping.cacheVolumes.chosen
  const source = cacheImage !== undefined ? '--cache-image selects it' : isChosen ? '--cache selects it' : 'it is the default: volumes named after the app image'
  decide(context, { kind: 'cache', name: cachePlace(keeping, lifecycle) }, 'chosen', source)
}

/** Emits whether the user trusts the builder. Only the stock lifecycle depends on it. */
export function explainTrust({ trustBuilder }: BuildOptions, builder: Builder, trusted: boolean, context: Context): void {
  const source = trustBuilder !== undefined ? '--trust-builder is set' : `it is ${trusted ? '' : 'not '}in the list of trusted builders`
  decide(context, { kind: 'trust', name: builder.image.reference }, trusted ? 'trusted' : 'not trusted', source)
}
