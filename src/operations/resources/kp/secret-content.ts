/**
 * The content of Secrets from kp's options: `pkg/secret/factory.go` of kp.
 *
 * Values never come from the command line.
 */

import { isUtf8 } from 'node:buffer'
import { resolve } from 'node:path'
import { readAtMost, readBounded } from '../../../base/bounded-file.ts'
import { CnbError } from '../../../base/errors.ts'
import type { Context } from '../../../base/events.ts'
import type { Secret } from '../../../resources/kinds/core.ts'
import type { Host } from '../../services.ts'
import { usage } from './usage.ts'

/** One form: Docker Hub, GCR, a registry or git. */
export interface SecretForm {
  /** A user of Docker Hub. */
  readonly dockerhub?: string
  /** The key file of a service account of GCR. */
  readonly gcr?: string
  readonly registry?: string
  readonly registryUser?: string
  readonly gitUrl?: string
  readonly gitUser?: string
  readonly gitSshKey?: string
  /** A file with the password; `-` for standard input. */
  readonly passwordFile?: string
}

export const DOCKER_CONFIG = 'kubernetes.io/dockerconfigjson'
const DOCKER_HUB = 'https://index.docker.io/v1/'
const MAX_FILE = 1024 * 1024

export interface SecretContent {
  readonly target: string
  readonly content: Omit<Secret, 'apiVersion' | 'kind' | 'metadata'> & { readonly metadata?: { readonly annotations: Record<string, string> } }
}

/** @throws CnbError CNB_USAGE */
export async function secretContent(options: SecretForm, host: Host, input: AsyncIterable<Buffer>, context: Context): Promise<SecretContent> {
  // As in kp, an empty option counts as absent: a script's variable may be unset.
  const form: SecretForm = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== ''))
  const { dockerhub, registry, registryUser, gitUrl, gitUser } = form
  const { env } = host
  const [gcr, gitSshKey] = [form.gcr ?? env['GCR_SERVICE_ACCOUNT_PATH'], form.gitSshKey ?? (gitUser === undefined ? env['GIT_SSH_KEY_PATH'] : undefined)]
  // A file of the environment is only for its own form.
  const given = [dockerhub, registry, gitUrl, form.gcr].filter((each) => each !== undefined).length
  if (given > 1 || (given === 0 && gcr === undefined)) throw usage('secret must be one of dockerhub, gcr, registry, or git', 'Name one of --dockerhub, --gcr, --registry and --git-url.')
  const password = (variable: string): Promise<string> => readPassword(variable, form.passwordFile, host, input, context)
  if (dockerhub !== undefined) {
    refuseOthers(form, 'passwordFile')
    return dockerConfig(DOCKER_HUB, DOCKER_HUB, dockerhub, await password('DOCKER_PASSWORD'))
  }
  if (registry !== undefined) {
    if (registryUser === undefined) throw usage('missing parameter registry-user', 'Add --registry-user.')
    refuseOthers(form, 'registryUser', 'passwordFile')
    return dockerConfig(registryHost(registry), registry, registryUser, await password('REGISTRY_PASSWORD'))
  }
  if (gitUrl === undefined) {
    refuseOthers(form)
    return dockerConfig('gcr.io', 'gcr.io', '_json_key', textOf(gcr ?? '', await readFile(gcr ?? '', host, context)))
  }
  if ((gitUser === undefined) === (gitSshKey === undefined)) {
    throw usage(gitUser === undefined ? 'missing parameter git-user or git-ssh-key' : 'must provide one of git-user or git-ssh-key', 'Name one of them.')
  }
  refuseOthers(form, ...(gitSshKey === undefined ? (['gitUser', 'passwordFile'] as const) : (['gitSshKey'] as const)))
  const metadata = { annotations: { 'kpack.io/git': gitUrl } }
  if (gitSshKey !== undefined) {
    if (!GIT_SSH.test(gitUrl)) throw usage('must provide a valid git url for SSH (ex. git@github.com)', 'Leave the path of the repository out.')
    return { target: gitUrl, content: { metadata, type: 'kubernetes.io/ssh-auth', data: { 'ssh-privatekey': base64(await readFile(gitSshKey, host, context)) } } }
  }
  if (!GIT_HTTP.test(gitUrl)) throw usage('must provide a valid git url without the repository path for basic auth (ex. https://github.com)', 'Leave the path of the repository out.')
  return { target: gitUrl, content: { metadata, type: 'kubernetes.io/basic-auth', data: { username: base64(gitUser ?? ''), password: base64(await password('GIT_PASSWORD')) } } }
}

/** Servers without the path of a repository. */
const GIT_HTTP = /^(?:https?:\/\/)?[^/@\s]+$/
const GIT_SSH = /^(?:ssh:\/\/)?(?:[^/@:\s]+@)?[^/@:\s]+(?::\d+)?$/

/** The options of single forms, sorted. */
const PARTS = { gitSshKey: 'git-ssh-key', gitUser: 'git-user', passwordFile: 'password-file', registryUser: 'registry-user' } as const

/** @throws CnbError CNB_USAGE for an option that the form does not have */
function refuseOthers(form: SecretForm, ...used: readonly (keyof typeof PARTS)[]): void {
  const others = (Object.keys(PARTS) as (keyof typeof PARTS)[]).filter((part) => form[part] !== undefined && !used.includes(part))
  if (others.length > 0) throw usage(`extraneous parameters: ${others.map((part) => PARTS[part]).join(', ')}`, 'Leave them out.')
}

function dockerConfig(host: string, target: string, username: string, password: string): SecretContent {
  const config = JSON.stringify({ auths: { [host]: { username, password, auth: base64(`${username}:${password}`) } } })
  return { target, content: { type: DOCKER_CONFIG, data: { '.dockerconfigjson': base64(config) } } }
}

/** Credentials are for a whole registry. */
function registryHost(registry: string): string {
  if (!registry.includes('/')) return registry
  const [host = ''] = registry.replace(/^https?:\/\//, '').split('/', 1)
  // `me/app` is a repository of Docker Hub.
  return host === 'index.docker.io' || !/[.:]|^localhost$/.test(host) ? DOCKER_HUB : host
}

async function readPassword(variable: string, file: string | undefined, host: Host, input: AsyncIterable<Buffer>, context: Context): Promise<string> {
  if (file === undefined) {
    const value = host.env[variable]
    if (value === undefined || value === '') throw usage('cannot create the Secret: the password is absent', `Set ${variable}, or name a file with --password-file; '-' is standard input.`)
    return value
  }
  const bytes = file === '-' ? await contentOf(file, readAtMost(input, MAX_FILE)) : await readFile(file, host, context)
  const password = textOf(file, bytes).replace(/\r?\n$/, '')
  if (password === '') throw usage(`cannot read the password from '${file}': it is empty`, 'Write the password to it.')
  return password
}

function readFile(path: string, { cwd }: Host, { signal }: Context): Promise<Buffer> {
  return contentOf(path, readBounded(resolve(cwd, path), { max: MAX_FILE, pipes: true, signal }))
}

async function contentOf(path: string, content: Promise<Buffer>): Promise<Buffer> {
  try {
    return await content
  } catch (error) {
    if (error instanceof CnbError) throw error
    throw usage(`cannot read '${path}': ${(error as Error).message}`, 'Name a file that this user can read.')
  }
}

/** A binary file would be stored as another password. */
function textOf(path: string, content: Buffer): string {
  if (!isUtf8(content)) throw usage(`cannot read '${path}': it is not text in UTF-8`, 'Name a file with the password only.')
  return content.toString()
}

function base64(content: string | Buffer): string {
  return Buffer.from(content).toString('base64')
}
