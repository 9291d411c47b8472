/** The input of a buildpack (docs/conformance.md, checks 1 to 30), as fixtures/conformance records it. */

import { beforeAll, describe, expect, it } from 'vitest'
import { PLATFORM_APIS } from '../../../src/formats/api-features.ts'
import { LONG_NAME, conformanceBuilds } from '../../support/conformance/conformance-build.ts'
import { DRIVERS } from '../../support/engines/drivers.ts'
import { filesIn, type TarFile } from '../../support/images/image-contents.ts'
import { containing } from '../../support/matching.ts'

describe.each(DRIVERS)('%s driver: a buildpack', (driver) => {
  let files: ReadonlyMap<string, TarFile> = new Map()
  const seen = (name: string): string => {
    const file = files.get(name)
    if (file === undefined) throw new Error(`the build did not write seen/${name}`)
    return file.text
  }
  /** `name=value` lines. */
  const variables = (name: string): Record<string, string> =>
    Object.fromEntries(seen(name).trimEnd().split('\n').map((line) => [line.replace(/=.*/, ''), line.replace(/^[^=]*=/, '')]))

  beforeAll(async () => {
    files = await filesIn((await conformanceBuilds(driver)).one, '/workspace/seen')
  })

  it('#1 runs with a lifecycle that supports the Platform API', () => {
    expect(variables('lifecycle-env')).toMatchObject({ CNB_PLATFORM_API: PLATFORM_APIS.at(-1) })
  })

  it.each([['EMPTY', ''], ['EQUALS', 'a=b'], ['LINES', 'one\ntwo\n'], ['STAGE', 'one']])('#9 finds %s in /platform/env, byte for byte', (name, value) => {
    expect(seen(`platform/env/${name}`)).toBe(value)
  })

  it("#10 has the user's variables, which its lifecycle does not have", () => {
    expect(variables('build-env')).toMatchObject({ EQUALS: 'a=b', STAGE: 'one' })
    expect(Object.keys(variables('lifecycle-env'))).not.toEqual(expect.arrayContaining(['EQUALS']))
    expect(Object.keys(variables('lifecycle-env'))).not.toEqual(expect.arrayContaining(['STAGE']))
  })

  it("#11 has the user's PATH before its own", () => {
    expect(variables('build-env')['PATH']).toMatch(/^\/from\/user:.*\/usr\/bin/)
  })

  it("#12 has the operator's variables: a default, and an override of the user's", () => {
    expect(variables('build-env')).toMatchObject({ OPERATOR: 'by default', OPERATOR_FORCED: 'forced' })
  })

  it('#13 runs as the build user with a home, in the app, and may write to /layers', () => {
    expect(seen('user')).toBe('1001 1000 /home/cnb\n')
    expect(seen('pwd')).toBe('/workspace\n')
    expect(seen('layers-writable')).toBe('yes\n')
  })

  it('#17 has CNB_EXEC_ENV with API 0.12, as its lifecycle has', () => {
    expect(variables('lifecycle-env')).toMatchObject({ CNB_EXEC_ENV: 'production' })
    expect(variables('second-env')).toMatchObject({ CNB_EXEC_ENV: 'production' })
  })

  it('#19 finds bindings in /platform/bindings', () => {
    expect(seen('platform/bindings/db/type')).toBe('database')
    expect(seen('platform/bindings/db/password')).toBe('secret')
  })

  it("#20 has the host's proxies", () => {
    expect(variables('build-env')).toMatchObject({ HTTPS_PROXY: 'http://proxy.example:3128', https_proxy: 'http://proxy.example:3128', NO_PROXY: 'localhost' })
  })

  it('#21 does not see files that project.toml excludes', () => {
    expect(seen('app')).not.toContain('excluded')
    expect(seen('app')).toContain('public/a.txt')
  })

  it('#22 sees links, modes, empty directories, dot files and odd names', () => {
    for (const line of ['run.sh f 755', 'link l 777', 'empty d 755', '.hidden f 644', 'ünï cödé f', `${LONG_NAME}/${LONG_NAME}/file f`]) {
      expect(seen('app')).toContain(line)
    }
  })

  it('#23 owns all files of the app, which include no sockets', () => {
    for (const line of seen('app').trimEnd().split('\n')) expect(line).toMatch(/ 1001:1000$/)
    expect(seen('app')).not.toContain('socket')
  })

  it("#24 has project.toml's variables; the command line's override them", () => {
    expect(variables('build-env')).toMatchObject({ FROM_PROJECT: 'project', OVERRIDDEN: 'command' })
  })

  it('#26 runs after the system buildpacks, each of which runs once', () => {
    expect(seen('system')).toBe('built\n')
  })

  it('#28 has the plan of the first alternative with all requirements met', () => {
    expect(seen('plan-first')).toContain('version = "1.2.3"')
    expect(seen('plan-first')).not.toContain('nobody-provides-this')
  })

  it('#30 has the target of the run image', () => {
    const arch = process.arch === 'arm64' ? 'arm64' : 'amd64'
    expect(variables('build-env')).toMatchObject({ CNB_TARGET_OS: 'linux', CNB_TARGET_ARCH: arch, CNB_TARGET_DISTRO_NAME: 'debian', CNB_TARGET_DISTRO_VERSION: '99' })
  })

  it('#45 gets the plan as first provider; unmet entries reach the next', () => {
    // The lifecycle writes the plan's entries in any order.
    for (const name of ['dep', 'other']) expect(seen('plan-first')).toEqual(containing(`name = "${name}"`))
    expect(seen('plan-second')).toEqual(containing('name = "dep"'))
    expect(seen('plan-second')).not.toContain('other')
  })
})
