/** The rules of kpack for image names: go-containerregistry's weak validation. */

const HOST = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9\-_.~!$&'()*+,;="<>\u0080-\uffff]*)(?::[0-9]*)?$/
const REPOSITORY = /^[a-z0-9_\-./]{2,255}$/
const TAG = /^[\w\-.]{1,128}$/
const DIGEST = /^sha256:[0-9a-f]{64}$/

/** Returns the registry of a repository's name, or undefined if kpack rejects the name. */
function registryOfRepository(name: string): string | undefined {
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  const host = /[.:]/.test(first) ? first : ''
  const repository = host === '' ? name : name.slice(slash + 1)
  if (!REPOSITORY.test(repository) || !HOST.test(host)) return undefined
  return host === '' || host === 'docker.io' ? 'index.docker.io' : host
}

/** Returns the registry of a name with or without a tag, or undefined if kpack rejects the name. */
export function registryOfTag(text: string): string | undefined {
  const colon = text.lastIndexOf(':')
  if (colon < 0 || text.includes('/', colon)) return registryOfRepository(text)
  return TAG.test(text.slice(colon + 1)) ? registryOfRepository(text.slice(0, colon)) : undefined
}

/** Whether kpack accepts a name that it will push: without a digest. */
export function isTagName(text: string): boolean {
  return registryOfTag(text) !== undefined
}

/** Whether kpack accepts a name of an existing image: with tag, digest or both. */
export function isImageName(text: string): boolean {
  if (isTagName(text)) return true
  const [name = '', digest = '', ...more] = text.split('@')
  return more.length === 0 && DIGEST.test(digest) && (isTagName(name) || registryOfRepository(name) !== undefined)
}
