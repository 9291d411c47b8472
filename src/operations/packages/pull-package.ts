/** `cnb buildpack pull`: pulls a package from a registry to the engine. */

import { CnbError } from '../../base/errors.ts'
import { step, type Context } from '../../base/events.ts'
import { externalLocator } from '../../buildpacks/module-sources.ts'
import { readPackageLabels } from '../../buildpacks/packages/read-package.ts'
import { findImage } from '../../images/find/find-image.ts'
import { familiarName, parseReference } from '../../oci/reference.ts'
import { readConfig } from '../config/config-file.ts'
import { chooseMirrors, type RegistryOptions } from '../config/registry-settings.ts'
import { openDownloadSession } from '../downloads.ts'
import { outputReference } from '../output-reference.ts'
import type { EngineServices } from '../services.ts'
import { chooseRegistry } from './buildpack-registry.ts'
import { registryAddresses } from './registry-addresses.ts'

export interface PullPackageOptions extends Pick<RegistryOptions, 'registryMirrors'> {
  /** `docker://image`, an image's name, or an entry of a buildpack registry. */
  name: string
  /** The name of the buildpack registry; default: the configuration file's. */
  buildpackRegistry?: string
}

/** The JSON output of `cnb buildpack pull`. */
export interface PullPackageResult {
  package: string
  imageId: string
  /** The line that --quiet prints: `name@digest`, or the image ID on a graph-driver engine. */
  reference: string
  id: string
  version: string
}

/**
 * Pulls a package image, and checks that it is one.
 * @throws CnbError CNB_USAGE for a path or URL, CNB_UNSUPPORTED, CNB_IMAGE_NOT_FOUND, CNB_PULL_FAILED, CNB_BUILDPACK_INVALID, CNB_ENGINE_*
 */
export async function pullPackage(options: PullPackageOptions, services: EngineServices, context: Context): Promise<PullPackageResult> {
  const { name } = options
  const locator = await externalLocator(name, services.host.cwd)
  if (locator.type === 'path' || locator.type === 'url') {
    const what = locator.type === 'url' ? 'a URL' : 'a path'
    throw new CnbError('CNB_USAGE', `cannot pull '${name}': it is ${what}, not an image`, { hint: 'Use docker://IMAGE.' })
  }
  const { host } = services
  const config = await readConfig(host, context)
  await using downloads = openDownloadSession(host, config, { ca: [] }, context)
  const registry = chooseRegistry(options.buildpackRegistry, config)
  const reference = locator.type === 'image' ? locator.reference : await registryAddresses({ policy: 'always', downloads, host, registry })(locator, context)
  const mirrors = chooseMirrors(options, config)
  const image = await step(context, `pulling ${reference}`, () => findImage(reference, 'always', { ...services, mirrors }, context))
  const { info } = readPackageLabels(image, 'buildpack')
  const parsed = parseReference(reference)
  return { package: familiarName(parsed), imageId: image.id, reference: outputReference(parsed, image), id: info.id, version: info.version }
}
