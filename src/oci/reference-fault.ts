/** Explains why a text is not an image reference. */

/** The cause, as a clause with the subject `it`, and a hint. */
export interface ReferenceFault {
  readonly why: string
  readonly hint: string
}

type Look = (text: string) => ReferenceFault | string | undefined

const FORM_HINT = "Use [registry/]repository[:tag][@sha256:…], for example 'registry.example/team/app:1.0'."
const PATH_HINT = 'To select the directory of an app, use --path; to read an OCI layout, use oci:DIR where the command supports it.'
const LAYOUT_HINT = 'Use an image of an engine or a registry: an OCI layout is not supported here.'
const NAMED: Readonly<Record<string, string>> = { ' ': 'a space', '\t': 'a tab', '\n': 'a line break', '\r': 'a line break' }
const MAX_TAG = 128
/** Registry and repository together, including an implied `library/`. */
const MAX_NAME = 255

/** The first check that finds a fault wins: the most specific faults come first. A text without any of the others is too long. */
const PATTERNS: readonly Look[] = [
  (text) => (text === '' ? 'it is empty' : undefined),
  (text) => contains(/[^\x21-\x7e]/u.exec(text)?.[0]),
  (text) => {
    const scheme = /^[\w+.-]+:\/\//.exec(text)?.[0]
    return scheme === undefined ? undefined : { why: `it begins with '${scheme}'`, hint: `Remove '${scheme}'.` }
  },
  (text) => (text.startsWith('oci:') ? { why: 'it is an OCI layout', hint: LAYOUT_HINT } : undefined),
  (text) => (/^(?:[/~]|\.{1,2}(?:\/|$))|\\/.test(text) ? { why: 'it is a path', hint: PATH_HINT } : undefined),
  (text) => (text.includes('@') ? digestFault(text.slice(0, text.indexOf('@')), text.slice(text.indexOf('@') + 1)) : undefined),
  (text) => hostFault(text),
  (text) => tagFault(afterHost(text)),
  (text) => contains(/[^\w./-]/.exec(pathOf(text))?.[0]),
  (text) => emptyPartFault(text, pathOf(text)),
  (text) => separatorFault(pathOf(text)),
  (text) => (/[A-Z]/.test(pathOf(text)) ? { why: `'${pathOf(text)}' contains upper-case letters`, hint: `Use lower case: '${inLowerCase(text)}'.` } : undefined),
  () => `it is longer than ${MAX_NAME} characters`,
]

/** Returns the first fault of a text that parseReference rejects. */
export function referenceFault(text: string): ReferenceFault {
  let fault: ReferenceFault | string | undefined
  for (const look of PATTERNS) if ((fault = look(text))) break
  return typeof fault === 'object' ? fault : { why: fault ?? '', hint: FORM_HINT }
}

function contains(character: string | undefined): string | undefined {
  if (character === undefined) return undefined
  const code = `U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`
  return `it contains ${NAMED[character] ?? (/[\p{L}\p{N}\p{P}\p{S}]/u.test(character) ? `'${character}'` : code)}`
}

/** Returns the first part if it is a host and not part of the repository: it has a dot or a port, or is `localhost`. */
function hostOf(text: string): string {
  const first = text.slice(0, Math.max(0, text.indexOf('/')))
  return /[.:]/.test(first) || first === 'localhost' ? first : ''
}

function afterHost(text: string): string {
  const name = text.split('@')[0] ?? ''
  const host = hostOf(name)
  return host === '' ? name : name.slice(host.length + 1)
}

function pathOf(text: string): string {
  return afterHost(text).split(':')[0] ?? ''
}

function inLowerCase(text: string): string {
  const start = text.indexOf(pathOf(text), hostOf(text).length)
  return text.slice(0, start) + pathOf(text).toLowerCase() + text.slice(start + pathOf(text).length)
}

function digestFault(name: string, digest: string): string | undefined {
  if (name === '') return "the name before '@' is missing"
  if (digest === '') return "the digest after '@' is missing"
  if (digest.includes('@')) return "it has more than one '@'"
  const [algorithm, hex] = digest.split(':')
  if (hex === undefined || !/^[a-z0-9+._-]+$/.test(algorithm ?? '')) return `'${digest}' is not a digest`
  if (algorithm !== 'sha256') return `its digest uses '${algorithm}'; only sha256 is supported`
  const odd = /[^0-9a-f]/.exec(digest.slice('sha256:'.length))?.[0]
  if (odd !== undefined) return `its digest contains '${odd}', which is not a lower-case hexadecimal digit`
  return hex.length === 64 ? undefined : `its digest has ${hex.length} hexadecimal digits instead of 64`
}

function hostFault(text: string): string | undefined {
  const host = hostOf(text.split('@')[0] ?? '')
  const [, name = host, port] = /^(\[.*\]|[^:]*):(.*)$/.exec(host) ?? []
  if (host === '') return undefined
  if (name === '') return `the host before '${host}' is missing`
  if (!/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$|^\[[0-9a-f:]+\]$/i.test(name)) return `'${name}' is not a host`
  if (port === undefined || /^\d+$/.test(port)) return undefined
  return port === '' ? `the port after '${host}' is missing` : `'${port}' is not a port`
}

function tagFault(rest: string): string | undefined {
  const [, tag, ...more] = rest.split(':')
  if (tag === undefined) return undefined
  if (more.length > 0) return 'it has more than one tag'
  if (tag === '') return "the tag after ':' is missing"
  if (tag.length > MAX_TAG) return `the tag is longer than ${MAX_TAG} characters`
  const odd = /[^\w.-]/.exec(tag)?.[0]
  if (odd !== undefined) return `the tag '${tag}' contains '${odd}'`
  return /^[.-]/.test(tag) ? `the tag '${tag}' begins with '${tag[0]}'` : undefined
}

function emptyPartFault(text: string, path: string): string | undefined {
  if (path === '') return hostOf(text) === '' ? 'the name before the tag is missing' : `the repository after '${hostOf(text)}/' is missing`
  if (`/${path}`.includes('//')) return "it contains '//'"
  return path.endsWith('/') ? "it ends with '/'" : undefined
}

function separatorFault(path: string): string | undefined {
  for (const part of path.split('/')) {
    const [first = '', last = ''] = [part[0], part.at(-1)]
    if (/[._-]/.test(first)) return `'${part}' begins with '${first}'`
    if (/[._-]/.test(last)) return `'${part}' ends with '${last}'`
    const between = (part.match(/[._-]+/g) ?? []).find((separators) => !/^(?:[._]|__|-+)$/.test(separators))
    if (between !== undefined) return `'${part}' contains '${between}'; allowed separators are '.', '_', '__' and dashes`
  }
  return undefined
}
