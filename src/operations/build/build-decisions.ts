/** The reasons for what a build uses: platform, Platform API, lifecycle, cache and trust. */

import { decide, type Context } from '../../base/events.ts'
import type { Builder } from '../../builder/builder.ts'
import { type ApiVersion, formatApiVersion } from '../../formats/versions.ts'
import { cachePlace } from '../../lifecycle/cache-volumes.ts'
import { formatPlatform } from '../../oci/platform.ts'
import type { BuildOptions } from './build-options.ts'

/** Emits what follows from the options and the builder, before the run image is searched for. */
export function decideEnvironment(
  { platform, lifecycle, runImage }: Pick<BuildOptions, 'platform' | 'lifecycle' | 'runImage'>,
  builder: Builder,
  api: ApiVersion,
  context: Context,
): void {
  const { supported, deprecated } = builder.lifecycle.platformApis
  const platformSource = platform === undefined ? "it is the engine's own, and the builder's" : '--platform names it'
  decide(context, { kind: 'platform', name: formatPlatform(builder.image.platform) }, 'chosen', platformSource)
  const offered = `the newest version of the builder's lifecycle ${builder.lifecycle.version} (${[...supported, ...deprecated].join(', ')}) that cnb supports`
  decide(context, { kind: 'platform api', name: formatApiVersion(api) }, 'chosen', offered)
  if (runImage !== undefined) decide(context, { kind: 'run image', name: runImage }, 'chosen', '--run-image names it')
  const driver = lifecycle === 'stock' ? '--lifecycle names it' : 'it is the default'
  decide(context, { kind: 'lifecycle', name: lifecycle ?? 'native' }, 'chosen', driver)
}

/** Emits which cache the build uses. */
export function decideCache({ lifecycle, cacheImage }: BuildOptions, keeping: Parameters<typeof cachePlace>[0], context: Context): void {
  const isChosen = keeping.cacheImage !== undefined || keeping.cacheDirectory !== undefined || keeping.cacheVolumes.chosen
  const source = cacheImage !== undefined ? '--cache-image names it' : isChosen ? '--cache names it' : "it is the default, a volume named after the app's image"
  decide(context, { kind: 'cache', name: cachePlace(keeping, lifecycle) }, 'chosen', source)
}

/** Emits whether the user trusts the builder; only the stock lifecycle depends on it. */
export function decideTrust({ trustBuilder }: BuildOptions, builder: Builder, trusted: boolean, context: Context): void {
  const source = trustBuilder !== undefined ? '--trust-builder says so' : `its name is ${trusted ? '' : 'not '}among the trusted builders`
  decide(context, { kind: 'trust', name: builder.image.reference }, trusted ? 'trusted' : 'not trusted', source)
}
