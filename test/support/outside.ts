/** How builds of real apps reach package registries from the machine under test. */

import { IS_OWN_ENGINE } from './engines/own-engine.ts'

const certificates = process.env['NODE_EXTRA_CA_CERTS']

/**
 * Options of `cnb build` for a build that downloads: the host's network on the engines of test/support/engines/engine-up, because
 * their bridges have no external access, and the machine's additional certificates.
 */
export const OUTSIDE: readonly string[] = [
  ...(IS_OWN_ENGINE ? ['--network', 'host'] : []),
  ...(certificates === undefined || certificates === '' ? [] : ['--ca-cert', certificates]),
]
