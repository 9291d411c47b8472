/** Rules for packages: `license=GLOB`, `package=NAME[@RANGE]`. */

import semver from 'semver'
import { CnbError } from '../base/errors.ts'
import { leavesOf, parseLicense } from './licenses.ts'
import { parsePackageUrl } from './package-url.ts'
import type { SbomLicense, SbomPackage } from './package.ts'

/** The value of a rule for packages without a licence. */
const NO_LICENSE = 'none'

export interface Rule {
  /** As the user wrote it. */
  readonly text: string
  /** Returns why a package breaks the rule, or undefined. */
  readonly find: (found: SbomPackage) => string | undefined
}

/** @throws CnbError CNB_USAGE */
export function parseRules(texts: readonly string[]): Rule[] {
  const licenses = texts.filter((text) => text.startsWith('license=')).map((text) => ({ text, pattern: text.slice('license='.length) }))
  return texts.map((text) => {
    const [, kind, value = ''] = /^(license|package)=(.+)$/s.exec(text) ?? []
    if (kind === 'package') return packageRule(text, value)
    if (kind === 'license') return { text, find: ({ licenses: found }) => brokenBy(found, value, licenses.map(({ pattern }) => pattern)) }
    throw new CnbError('CNB_USAGE', `invalid --fail-on '${text}'`, { hint: "Use 'license=GPL-3.0*', 'license=none' or 'package=NAME[@RANGE]'." })
  })
}

/** Returns why licences break a pattern. Of `A OR B`, the user may choose the one that no pattern excludes. */
function brokenBy(licenses: readonly SbomLicense[], pattern: string, all: readonly string[]): string | undefined {
  if (licenses.length === 0) return pattern.toLowerCase() === NO_LICENSE ? 'no licence is known' : undefined
  for (const { text } of licenses) {
    const parsed = parseLicense(text)
    if (!parsed) {
      if (namesOf(text).some((name) => matches(name, pattern))) return text
    } else if (leavesOf(parsed).some((leaf) => isExcluded(leaf, [pattern])) && !isAllowed(parsed, all)) return text
  }
  return undefined
}

type Parsed = NonNullable<ReturnType<typeof parseLicense>>

function isAllowed(parsed: Parsed, patterns: readonly string[]): boolean {
  if (!('conjunction' in parsed)) return !isExcluded(parsed, patterns)
  const [left, right] = [isAllowed(parsed.left, patterns), isAllowed(parsed.right, patterns)]
  return parsed.conjunction === 'or' ? left || right : left && right
}

/** A licence with an exception is excluded by its own name too. */
function isExcluded(leaf: ReturnType<typeof leavesOf>[number], patterns: readonly string[]): boolean {
  const name = 'license' in leaf ? `${leaf.license}${leaf.plus ? '+' : ''}` : (leaf as { licenseRef: string }).licenseRef
  const exception = 'exception' in leaf && leaf.exception ? [`${name} WITH ${leaf.exception}`] : []
  return patterns.some((pattern) => [name, ...exception].some((text) => matches(text, pattern)))
}

/** A text that is not an expression may still contain the names of licences. */
function namesOf(text: string): string[] {
  return [text, ...text.split(/\s+(?:AND|OR|WITH)\s+|[(),;/|]/i).map((part) => part.trim())]
}

function packageRule(text: string, value: string): Rule {
  const at = value.lastIndexOf('@')
  const hasRange = at > 0 && !value.slice(at).includes('/')
  const [name, range] = hasRange ? [value.slice(0, at), value.slice(at + 1)] : [value, undefined]
  if (range !== undefined && semver.validRange(range, { loose: true }) === null) {
    throw new CnbError('CNB_USAGE', `invalid --fail-on '${text}': '${range}' is not a range of versions`, { hint: "Write ranges as npm does: 'package=lodash@<4.17.21', 'package=openssl@^3.0'." })
  }
  return { text, find: (found) => (namesOfPackage(found).some((each) => matches(each, name)) ? versionFault(found.version, range) : undefined) }
}

function namesOfPackage({ name, group, purl }: SbomPackage): string[] {
  const address = purl === undefined ? undefined : parsePackageUrl(purl)?.name
  return [name, ...(group === undefined ? [] : [`${group}/${name}`]), ...(address === undefined ? [] : [address, address.slice(address.indexOf('/') + 1)])]
}

/** A version that cannot be compared is a fault: the rule must not miss a package. */
function versionFault(version: string | undefined, range: string | undefined): string | undefined {
  if (range === undefined || version === range) return version ?? 'no version is known'
  const parsed = comparable(version ?? '')
  if (parsed === undefined) return `${version ?? 'an unknown version'} cannot be compared`
  return semver.satisfies(parsed, range, { loose: true, includePrerelease: true }) ? version : undefined
}

/** Versions of other forms, such as Debian's, are compared by their first three numbers, without an epoch. */
function comparable(version: string): string | undefined {
  const [, major, minor = '0', patch = '0'] = /^(?:\d+:)?v?(\d+)(?:\.(\d+)(?:\.(\d+))?|(?!\w))/.exec(version) ?? []
  const known = semver.valid(version, { loose: true })
  if (known !== null || major === undefined) return known ?? undefined
  return semver.valid(`${Number(major)}.${Number(minor)}.${Number(patch)}`) ?? undefined
}

/** Whether a text matches a pattern with `*`, in any capitals. */
function matches(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.toLowerCase().split('*')
  const whole = text.toLowerCase()
  if (!whole.startsWith(first)) return false
  if (rest.length === 0) return whole === first
  const last = rest.pop()!
  let at = first.length
  for (const part of rest) {
    const found = whole.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return whole.length - last.length >= at && whole.endsWith(last)
}
