/** The checks of `cnb doctor` of this machine: directories, certificates, git. */

import { constants, type Stats } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import type { Context } from '../../../base/events.ts'
import { runGit } from '../../../git/run-git.ts'
import { cacheDirectory } from '../../../registry/download/cache-directory.ts'
import { certificatesIn, checkCertificates } from '../../../registry/transport/certificates.ts'
import { defaultStateDirectory } from '../../../state/default-directory.ts'
import { readCertificates } from '../../config/user-files.ts'
import type { Host } from '../../services.ts'
import { problemOf, type Check, type Finding, type Status } from './check.ts'
import { describeSpace, freeSpace } from './free-space.ts'

const MB = 1000 ** 2
const SPACE = { low: 500 * MB, full: 10 * MB }

/** A directory that commands write to. */
interface UsedDirectory {
  readonly path: string
  readonly use: string
  /** The status if it cannot be written: builds continue without some directories. */
  readonly ifUnusable: Status
  readonly fix: string
}

/** @param caCerts the files of --ca-cert */
export function machineChecks(host: Host, caCerts: readonly string[]): Check[] {
  return [
    { name: 'directories', ifSlow: 'Check the disks of the home directory, and of TMPDIR.', run: () => Promise.all(usedDirectories(host).map(checkDirectory)) },
    { name: 'certificates', ifSlow: 'Replace pipes among the certificates by files.', run: (context) => checkCertificateFiles(host, caCerts, context) },
    { name: 'git', ifSlow: 'Check the git on the PATH.', run: (context) => checkGit(host, context) },
  ]
}

function usedDirectories(host: Host): UsedDirectory[] {
  const { env, home } = host
  return [
    { path: tmpdir(), use: 'temporary files', ifUnusable: 'problem', fix: 'Free space, or set TMPDIR to another directory that can be written.' },
    { path: cacheDirectory(host), use: 'cache', ifUnusable: 'warning', fix: 'Free space, or set CNB_CACHE_DIR to another directory that can be written.' },
    { path: defaultStateDirectory(env, home), use: "state of 'cnb apply'", ifUnusable: 'warning', fix: 'Free space, or set XDG_STATE_HOME to another directory that can be written.' },
    // With the variable, builds do not need the file.
    ...(env['PACK_VOLUME_KEY'] ? [] : [{ path: env['PACK_HOME'] || join(home, '.pack'), use: 'cache keys', ifUnusable: 'problem' as const, fix: 'Set PACK_VOLUME_KEY, or set PACK_HOME to a directory that can be written.' }]),
  ]
}

/** Writes nothing: a directory that does not exist yet is created in its first existing parent. */
async function checkDirectory({ path, use, ifUnusable, fix }: UsedDirectory): Promise<Finding> {
  const named = `${path} (${use})`
  try {
    const existing = await firstExisting(path)
    await access(existing, constants.W_OK | constants.X_OK)
    const finding = describeSpace(named, freeSpace(await statfs(existing)), SPACE, fix)
    return finding.status === 'problem' ? { ...finding, status: ifUnusable } : finding
  } catch (error) {
    return { status: ifUnusable, found: `cannot write to ${named}: ${(error as Error).message}`, fix }
  }
}

async function firstExisting(path: string): Promise<string> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException): Stats | undefined => {
    if (error.code === 'ENOENT' && dirname(path) !== path) return undefined
    throw error
  })
  if (!found) return firstExisting(dirname(path))
  if (!found.isDirectory()) throw new Error(`${path} is not a directory`)
  return path
}

async function checkCertificateFiles(host: Host, caCerts: readonly string[], context: Context): Promise<Finding[]> {
  const named = ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'].flatMap((variable) => {
    const file = host.env[variable]
    return file ? [{ option: variable, file, ifUnusable: 'warning' as const }] : []
  })
  const files = [...caCerts.map((file) => ({ option: '--ca-cert', file, ifUnusable: 'problem' as const })), ...named]
  const findings = await Promise.all(files.map((file) => checkCertificateFile(file, host, context)))
  return findings.length === 0 ? [{ status: 'ok', found: "Node's and the system's" }] : findings
}

async function checkCertificateFile({ option, file, ifUnusable }: { option: string; file: string; ifUnusable: Status }, host: Host, context: Context): Promise<Finding> {
  const named = `${file} (${option})`
  try {
    const [read] = await readCertificates([file], host, context)
    const pem = read?.pem ?? Buffer.alloc(0)
    checkCertificates([pem])
    const found = certificatesIn(pem.toString()).map((text) => new X509Certificate(text))
    const isOver = found.every(({ validTo }) => Date.parse(validTo) < Date.now())
    if (!isOver) return { status: 'ok', found: named }
    return { status: 'warning', found: `${named}: all its certificates have expired`, fix: `Replace ${file} by a current certificate.` }
  } catch (error) {
    const problem = problemOf(error, ifUnusable)
    return ifUnusable === 'problem' ? problem : { status: ifUnusable, found: `${option}: ${problem.found.replace("--ca-cert ", '')}`, fix: `Set ${option} to a PEM file, or unset it.` }
  }
}

async function checkGit({ env }: Host, { signal }: Context): Promise<Finding> {
  try {
    return { status: 'ok', found: (await runGit(['--version'], { env, signal })).toString().trim().replace('git version ', '') }
  } catch (error) {
    return { status: 'warning', found: (error as Error).message, fix: "Install git: 'cnb apply' reads git sources with it." }
  }
}
