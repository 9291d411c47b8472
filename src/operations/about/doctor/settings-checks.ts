/** The checks of `cnb doctor` of the user's settings: configuration file, credentials, proxies. */

import { connect } from 'node:net'
import { once } from 'node:events'
import { counted } from '../../../base/counted.ts'
import type { CnbEvent, Context } from '../../../base/events.ts'
import { askCredentialHelper } from '../../../registry/auth/credential-helper.ts'
import { credentialPlaces } from '../../../registry/auth/keychain.ts'
import { proxyName, readProxies, type Proxy } from '../../../registry/transport/proxies.ts'
import { findConfigFile, readConfig } from '../../config/config-file.ts'
import type { Host } from '../../services.ts'
import { problemOf, type Check, type Finding } from './check.ts'

/** Shorter than the limit of a check. */
const HELPER_LIMIT_MS = 4000
const HUB = 'https://index.docker.io/v1/'

/** @param usesProxy whether the engine has a proxy; undefined if that is not known */
export function settingsChecks(host: Host, usesProxy: () => Promise<boolean | undefined>): Check[] {
  return [
    { name: 'configuration', ifSlow: 'Check the disk of the home directory.', run: (context) => checkConfiguration(host, context) },
    { name: 'credentials', ifSlow: 'Check the credential helpers, and the disk of the home directory.', run: (context) => checkCredentials(host, context) },
    { name: 'proxies', ifSlow: 'Check the proxies of HTTPS_PROXY and HTTP_PROXY.', run: (context) => checkProxies(host, usesProxy, context) },
  ]
}

async function checkConfiguration(host: Host, { signal }: Context): Promise<Finding> {
  const unknown: string[] = []
  const events = (event: CnbEvent): void => {
    const [, key] = (event.type === 'debug' && /unknown key '(.*)' is ignored/.exec(event.message)) || []
    if (key !== undefined) unknown.push(key)
  }
  const { file, text } = await findConfigFile(host, { signal })
  await readConfig(host, { signal, events })
  if (text === undefined) return { status: 'ok', found: `none (${file})` }
  if (unknown.length === 0) return { status: 'ok', found: file }
  return { status: 'warning', found: `${file}: unknown ${unknown.length === 1 ? 'key' : 'keys'} ${unknown.join(', ')}`, fix: 'Correct the spelling, or remove them: they have no effect.' }
}

async function checkCredentials({ env, home }: Host, context: Context): Promise<Finding[]> {
  const unreadable: string[] = []
  const places = credentialPlaces({ env, home, signal: context.signal, warn: (message) => unreadable.push(message) })
  const findings = await Promise.all(places.map(async ({ name, read }): Promise<Finding[]> => {
    try {
      const file = await read()
      if (file === undefined) return []
      const { auths, credHelpers, credsStore } = file
      // One question for each helper: it shows whether the program works.
      const helpers = new Map(Object.entries(credHelpers).flatMap(([server, helper]) => (typeof helper === 'string' ? [[helper, server] as const] : [])))
      if (credsStore !== undefined) helpers.set(credsStore, HUB)
      const answers = await Promise.all([...helpers].map(([helper, server]) => checkHelper(helper, server, name, env, context)))
      return [{ status: 'ok', found: `${name}: ${counted(Object.keys(auths).length, 'login')}` }, ...answers]
    } catch (error) {
      return [problemOf(error)]
    }
  }))
  const all = [...findings.flat(), ...unreadable.map((found): Finding => ({ status: 'warning', found, fix: 'Make the file readable for this user.' }))]
  return all.length === 0 ? [{ status: 'ok', found: 'none: access to registries is anonymous' }] : all
}

/** A build continues without the credentials of a helper that fails. The answer is not shown. */
async function checkHelper(helper: string, server: string, file: string, env: Host['env'], { signal }: Context): Promise<Finding> {
  try {
    await askCredentialHelper(helper, server, { env, timeLimitMs: HELPER_LIMIT_MS, ...(signal ? { signal } : {}) })
    return { status: 'ok', found: `docker-credential-${helper} answers` }
  } catch (error) {
    return { status: 'warning', found: (error as Error).message, fix: `Install or repair docker-credential-${helper}, or remove it from ${file}.` }
  }
}

async function checkProxies({ env }: Host, usesProxy: () => Promise<boolean | undefined>, context: Context): Promise<Finding[]> {
  const proxyFor = readProxies(env)
  // Any public name: the lists of NO_PROXY could have a registry's.
  const found = ['https:', 'http:'].flatMap((scheme) => proxyFor(new URL(`${scheme}//proxied.invalid`)) ?? [])
  if (found.length === 0) return [{ status: 'ok', found: 'none' }]
  const findings = await Promise.all(found.map((proxy) => checkProxy(proxy, context)))
  if ((await usesProxy()) !== false) return findings
  return [...findings, { status: 'warning', found: 'the engine has no proxy, and pulls images without it', fix: "Set the proxy in the engine's configuration too, unless it reaches registries directly." }]
}

async function checkProxy(proxy: Proxy, { signal }: Context): Promise<Finding> {
  const { hostname, port, protocol } = proxy.url
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (protocol === 'https:' ? 443 : 80)) })
  try {
    await once(socket, 'connect', { signal })
    return { status: 'ok', found: proxyName(proxy) }
  } catch (error) {
    return { status: 'problem', found: `cannot reach the proxy ${proxyName(proxy)}: ${(error as Error).message}`, fix: `Correct ${proxy.variable}, or unset it.` }
  } finally {
    socket.destroy()
  }
}
