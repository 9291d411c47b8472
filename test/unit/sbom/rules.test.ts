import { expect, test } from 'vitest'
import { parseLicense } from '../../../src/sbom/licenses.ts'
import type { SbomPackage } from '../../../src/sbom/package.ts'
import { parseRules } from '../../../src/sbom/rules.ts'

const packageWith = (changes: Partial<SbomPackage>): SbomPackage => ({ name: 'x', kind: 'library', cpes: [], licenses: [], hashes: [], places: [], ...changes })
const licensed = (...texts: string[]) => packageWith({ licenses: texts.map((text) => ({ text, isExpression: parseLicense(text) !== undefined })) })
const broken = (found: SbomPackage, ...rules: string[]) => parseRules(rules).map(({ find }) => find(found))

test.each([
  ['GPL-3.0-only', ['license=GPL-3.0*'], true],
  ['gpl-3.0-only', ['license=GPL-3.0*'], true],
  ['LGPL-3.0-only', ['license=GPL-3.0*'], false],
  ['LGPL-3.0-only', ['license=*GPL*'], true],
  ['MIT AND GPL-3.0-only', ['license=GPL-3.0*'], true],
  ['MIT OR GPL-3.0-only', ['license=GPL-3.0*'], false],
  ['MIT OR GPL-3.0-only', ['license=GPL-3.0*', 'license=MIT'], true],
  ['(MIT OR GPL-3.0-only) AND ISC', ['license=GPL-3.0*'], false],
  ['GPL-2.0-only WITH Classpath-exception-2.0', ['license=GPL-2.0-only'], true],
  ['GPL-2.0-only WITH Classpath-exception-2.0', ['license=*WITH Classpath*'], true],
  ['GPL-2.0+', ['license=GPL-2.0+'], true],
  ['LicenseRef-own', ['license=LicenseRef-*'], true],
  ['Some License, GPL-3.0-only', ['license=GPL-3.0*'], true],
  ['GNU General Public License', ['license=gnu*'], true],
  ['MIT', ['license=MIT-0'], false],
  ['a-b-c', ['license=a*b*c'], true],
  ['ab', ['license=a*b*b'], false],
])('judges the licence %s by %j: %s', (text, rules, isBroken) => {
  expect(broken(licensed(text), ...rules).some((reason) => reason !== undefined)).toBe(isBroken)
})

test('finds packages without a licence', () => {
  expect(broken(licensed(), 'license=none', 'license=*')).toEqual(['no licence is known', undefined])
})

test('requires all licences of a package', () => {
  expect(broken(licensed('MIT', 'GPL-3.0-only'), 'license=GPL*')).toEqual(['GPL-3.0-only'])
})

test.each([
  [{ name: 'lodash', version: '4.17.20' }, 'package=lodash@<4.17.21', '4.17.20'],
  [{ name: 'lodash', version: '4.17.21' }, 'package=lodash@<4.17.21', undefined],
  [{ name: 'lodash', version: '5.0.0-rc.1' }, 'package=lodash@>=4', '5.0.0-rc.1'],
  [{ name: 'other', version: '1' }, 'package=lodash', undefined],
  [{ name: 'lodash' }, 'package=lodash', 'no version is known'],
  [{ name: 'x', purl: 'pkg:npm/%40babel/core@7.0.0', version: '7.0.0' }, 'package=@babel/core@<8', '7.0.0'],
  [{ name: 'x', purl: 'pkg:npm/%40babel/core@7.0.0', version: '7.0.0' }, 'package=npm/@babel/core', '7.0.0'],
  [{ name: 'core', group: 'org.x', version: '1' }, 'package=org.x/*', '1'],
  [{ name: 'openssl', version: '1:3.0.11-1~deb12u2' }, 'package=openssl@<3', undefined],
  [{ name: 'openssl', version: '1.1.1n-0+deb11u5' }, 'package=openssl@<3', '1.1.1n-0+deb11u5'],
  [{ name: 'x', version: 'v1.2' }, 'package=x@^1', 'v1.2'],
  [{ name: 'x', version: '(devel)' }, 'package=x@<1', '(devel) cannot be compared'],
  [{ name: 'x', version: '7f3a01' }, 'package=x@<1', '7f3a01 cannot be compared'],
  [{ name: 'x' }, 'package=x@<1', 'an unknown version cannot be compared'],
])('judges %j by %s', (changes, rule, reason) => {
  expect(broken(packageWith(changes), rule)).toEqual([reason])
})

test.each(['GPL', 'license=', 'package=', 'name=x', 'package=x@not a range'])('refuses the rule %s', (rule) => {
  expect(() => parseRules([rule])).toThrow(expect.objectContaining({ code: 'CNB_USAGE' }))
})
