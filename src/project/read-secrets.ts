/** Reads the secrets of `--secret`, in the syntax of `docker buildx build`. */

import { resolve } from 'node:path'
import { readBounded } from '../base/bounded-file.ts'
import { CnbError } from '../base/errors.ts'
import type { Context } from '../base/events.ts'
import type { Secret } from './secret.ts'

/** BuildKit's limit for one secret. */
const MAX = 500 * 1024
/** All of them are in the memory of the engine's machine. */
const MAX_TOTAL = 4 * 1024 * 1024
const NAME = /^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,128}$/
const HINT = 'Write it as --secret id=npmrc,src=.npmrc or --secret id=token,env=TOKEN.'

/** Where secrets come from. */
interface SecretHost {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Reads the secrets, in their order. No message has the content of one.
 * @param values `id=NAME[,type=file|env][,src=FILE|,env=VARIABLE]`
 * @throws CnbError CNB_USAGE if a value is malformed, its file or variable cannot be read, or it is larger than 500 KiB
 */
export async function readSecrets(values: readonly string[], { cwd, env }: SecretHost, { signal }: Context): Promise<Secret[]> {
  const secrets = new Map<string, Secret>()
  for (const value of values) {
    const { id, variable, file } = parseSecret(value, env)
    if (secrets.has(id)) throw invalid(value, `the id '${id}' is used twice`, 'Use each id once.')
    const content = variable === undefined
      ? await readBounded(resolve(cwd, file), { max: MAX, signal }).catch((error: unknown) => {
          signal?.throwIfAborted()
          throw invalid(value, (error as Error).message, 'Name a file that this user can read.')
        })
      : Buffer.from(env[variable] ?? missing(value, variable))
    if (content.length > MAX) throw invalid(value, `it has more than ${MAX / 1024} KiB`, 'Use a smaller secret.')
    secrets.set(id, { name: id, content })
  }
  const all = [...secrets.values()]
  if (all.reduce((sum, { content }) => sum + content.length, 0) <= MAX_TOTAL) return all
  throw new CnbError('CNB_USAGE', `cannot use the values of --secret: together they have more than ${MAX_TOTAL / 1024} KiB`, { hint: 'Use smaller secrets.' })
}

interface SecretSource {
  readonly id: string
  readonly variable: string | undefined
  readonly file: string
}

function parseSecret(text: string, env: SecretHost['env']): SecretSource {
  const fields = new Map<string, string>()
  for (const field of fieldsOf(text)) {
    const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(field) ?? []
    const name = key.trim().toLowerCase()
    const known = name === 'source' ? 'src' : name
    if (!['id', 'type', 'src', 'env'].includes(known)) throw invalid(text, key === '' ? `'${field}' is not key=value` : `the field '${key}' is unknown`)
    if (fields.has(known)) throw invalid(text, `the field '${key}' occurs twice`)
    fields.set(known, value)
  }
  const [id, type, src, named] = ['id', 'type', 'src', 'env'].map((key) => fields.get(key))
  if (!id) throw invalid(text, 'it has no id')
  if (!NAME.test(id)) throw invalid(text, `the id '${id}' is not the name of a file`, 'Use letters, digits, dots, hyphens and underscores.')
  if (type !== undefined && type !== 'file' && type !== 'env') throw invalid(text, `the type '${type}' is neither file nor env`)
  if (src !== undefined && named !== undefined) throw invalid(text, 'it has both src and env')
  if (type === 'file' && named !== undefined) throw invalid(text, 'its type is file, and it has env')
  // As in buildx: a source of the type env is a variable, and a secret without a source has the variable of its name, or the file.
  const isVariable = type === 'env' || named !== undefined || (type === undefined && src === undefined && env[id] !== undefined)
  return { id, variable: isVariable ? (named ?? src ?? id) : undefined, file: src ?? id }
}

/** Splits comma-separated values; a field in quotes may have commas, and quotes that are doubled (RFC 4180). */
function fieldsOf(text: string): string[] {
  if (!/^(?:(?:"(?:[^"]|"")*"|[^",]*)(?:,|$))+$/.test(text)) throw invalid(text, 'its quotes are not balanced', 'Quote a whole field: --secret \'id=key,"src=a,b.pem"\'.')
  return [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain)
}

function missing(value: string, variable: string): never {
  throw invalid(value, `the variable ${variable} is not set`, 'Set it in the environment of cnb.')
}

function invalid(value: string, cause: string, hint = HINT): CnbError {
  return new CnbError('CNB_USAGE', `cannot use the secret '${value}': ${cause}`, { hint })
}
