import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CnbError } from '../../../../src/base/errors.ts'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { listAppFiles, readBuildEnv, readProject } from '../../../../src/operations/build/build-project.ts'
import { zipFile } from '../../../support/images/zip-file.ts'
import { errorText } from '../../../../src/ui/error-text.ts'
import { makeTheme } from '../../../../src/ui/theme.ts'

const SECRET = 'hunter2'

let directory: TemporaryDirectory
let root = ''
let app = ''
beforeEach(async () => {
  directory = await makeTemporaryDirectory('cnb-test-')
  root = await realpath(directory.path)
  app = join(root, 'app')
  mkdirSync(app)
})
afterEach(() => directory[Symbol.asyncDispose]())

const host = () => ({ env: {}, home: root, cwd: app })

async function project(file?: string) {
  const warnings: string[] = []
  const events = (event: { type: string; message?: string }): void => void (event.type === 'warning' && warnings.push(event.message ?? ''))
  return { ...(await readProject({ file, app: { path: app }, execEnv: 'production' }, host(), { events })), warnings }
}

const env = (file: string, context = {}) => readBuildEnv({ envFiles: [file] }, { project: undefined, app }, host(), context)

/** Returns all texts of the error, as with --verbose and as JSON. */
async function shown(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (thrown: CnbError) => thrown)
  return errorText(error!, makeTheme(false), true) + JSON.stringify(error)
}

describe("the app's project.toml", () => {
  test('may be missing or a link to another file of the app', async () => {
    expect((await project()).descriptor).toBeUndefined()
    writeFileSync(join(app, 'real.toml'), '[_]\nschema-version = "0.2"\n[io.buildpacks]\nbuilder = "b"\n')
    symlinkSync('real.toml', join(app, 'project.toml'))
    expect((await project()).descriptor).toMatchObject({ builder: 'b' })
  })

  test.each([
    ['a link out of the app', '../secret', /link to a file outside the app/],
    ['an absolute link out of the app', '/proc/self/environ', /link to a file outside the app/],
    ['a link to a device', '/dev/zero', /link to a file outside the app/],
    ['a link to nothing', 'nowhere', /link to a file that does not exist/],
    ['a link to itself', 'project.toml', /link to a file that does not exist/],
  ])('is refused without a read if it is %s', async (_, target, message) => {
    writeFileSync(join(root, 'secret'), `auth = ${SECRET}\n`)
    symlinkSync(target, join(app, 'project.toml'))
    await expect(project()).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID', message: expect.stringMatching(message) as string })
    expect(await shown(project())).not.toContain(SECRET)
  })

  test('is refused if a chain of links leads out of the app', async () => {
    mkdirSync(join(root, 'elsewhere'))
    writeFileSync(join(root, 'elsewhere/project.toml'), `auth = ${SECRET}\n`)
    symlinkSync('../elsewhere/project.toml', join(app, 'inner'))
    symlinkSync('inner', join(app, 'project.toml'))
    expect(await shown(project())).toContain('a link to a file outside the app')
  })

  test('is refused immediately if it is a FIFO or a directory', async () => {
    execFileSync('mkfifo', [join(app, 'project.toml')])
    await expect(project()).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID', message: expect.stringContaining('it is not a regular file') as string })
    execFileSync('rm', [join(app, 'project.toml')])
    mkdirSync(join(app, 'project.toml'))
    await expect(project()).rejects.toMatchObject({ message: expect.stringContaining('is a directory') as string })
  })

  test('is refused above 1 MiB', async () => {
    writeFileSync(join(app, 'project.toml'), '#'.repeat(1024 * 1024 + 1))
    await expect(project()).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID', message: expect.stringContaining('larger than 1 MiB') as string })
  })

  test('appears with its line in an error', async () => {
    writeFileSync(join(app, 'project.toml'), '[_]\nid = \n')
    expect(await shown(project())).toContain('2 │ id =')
  })
})

test("reads the project.toml of an archive, and shows its lines in errors", async () => {
  const read = (projectToml: string | undefined) =>
    readProject({ file: undefined, app: { path: join(root, 'app.zip'), archive: { projectToml } }, execEnv: 'production' }, host(), {})
  expect(await read(undefined)).toBeUndefined()
  expect(await read('[_]\nschema-version = "0.2"\n[io.buildpacks]\nbuilder = "b"\n')).toMatchObject({ descriptor: { builder: 'b' } })
  expect(await shown(read('[_]\nid = \n'))).toMatch(/app\.zip\/project\.toml:2[^]*2 │ id =/)
})

describe('--descriptor', () => {
  test('may be a link out of the app; errors then show only the position', async () => {
    writeFileSync(join(root, 'shared.toml'), '[_]\nschema-version = "0.2"\n[io.buildpacks]\nbuilder = "b"\nhunter2 = 1\n')
    symlinkSync('../shared.toml', join(app, 'link.toml'))
    const { descriptor, warnings } = await project('link.toml')
    expect(descriptor).toMatchObject({ builder: 'b' })
    expect(warnings).toEqual([expect.stringMatching(/link\.toml has 1 warning, and its content is not shown/)])
    for (const content of [`a = 1\nauth = ${SECRET}\n`, `[_]\nschema-version = "${SECRET}"\n`]) {
      writeFileSync(join(root, 'shared.toml'), content)
      const text = await shown(project('link.toml'))
      expect(text).not.toContain(SECRET)
      expect(text).toMatch(/link\.toml:2/)
    }
  })

  test('is shown in errors if the user specifies the file itself', async () => {
    writeFileSync(join(root, 'shared.toml'), 'a = 1\nname = \n')
    expect(await shown(project('../shared.toml'))).toContain('2 │ name =')
  })

  test('must exist', async () => {
    await expect(project('none.toml')).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID', message: `cannot read the project descriptor ${join(app, 'none.toml')}: the file does not exist` })
  })
})

describe('--env-file', () => {
  test('may be a link out of the app; errors then show no content', async () => {
    writeFileSync(join(root, 'secret'), 'A=1\n')
    symlinkSync('../secret', join(app, '.env'))
    expect(await env('.env')).toEqual(new Map([['A', '1']]))
    writeFileSync(join(root, 'secret'), `A=1\nauth ${SECRET}\n`)
    expect(await shown(env('.env'))).not.toContain(SECRET)
    expect(await shown(env('../secret'))).toContain(SECRET)
  })

  test('must be a finite, readable file', async () => {
    await expect(env('/dev/zero')).rejects.toMatchObject({ code: 'CNB_USAGE', message: "cannot read --env-file '/dev/zero': is larger than 1 MiB" })
    await expect(env(app)).rejects.toMatchObject({ code: 'CNB_USAGE', message: `cannot read --env-file '${app}': is a directory` })
    await expect(env('none')).rejects.toMatchObject({ code: 'CNB_USAGE', message: "cannot read --env-file 'none': the file does not exist" })
  })

  test('may be a pipe, which an interrupt closes', async () => {
    execFileSync('mkfifo', [join(app, 'pipe')])
    const controller = new AbortController()
    const reading = env('pipe', { signal: controller.signal })
    controller.abort()
    await expect(reading).rejects.toMatchObject({ code: 'CNB_INTERRUPTED' })
  })

  test('must not contain NUL in a value', async () => {
    writeFileSync(join(app, '.env'), 'A=1\nB=x\0y\n')
    await expect(env('.env')).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID', message: expect.stringContaining('it contains a NUL') as string, position: { line: 2 } })
  })
})

test('refuses a NUL in a variable of project.toml or --env', async () => {
  writeFileSync(join(app, 'project.toml'), '[_]\nschema-version = "0.2"\n[[io.buildpacks.build.env]]\nname = "A"\nvalue = "x\\u0000y"\n')
  await expect(project()).rejects.toMatchObject({ code: 'CNB_DESCRIPTOR_INVALID', message: expect.stringContaining("invalid value of variable 'A': it contains a NUL") as string, position: { line: 5 } })
  await expect(readBuildEnv({ env: ['A=x\0y'] }, { project: undefined, app }, host(), {})).rejects.toMatchObject({ code: 'CNB_USAGE', message: expect.stringContaining('NUL') as string })
})

describe('the list of files', () => {
  const list = async (path = app) => (await listAppFiles({ path }, host(), {})).map((file) => `${file.path} ${file.type} ${file.size}`)

  beforeEach(() => {
    mkdirSync(join(app, 'src'))
    writeFileSync(join(app, 'src/main.js'), 'serve()')
    writeFileSync(join(app, 'secret.txt'), SECRET)
    symlinkSync('src/main.js', join(app, 'main'))
  })

  test('has the files that the build gets, and links', async () => {
    expect(await list()).toEqual(['main symlink 0', 'secret.txt file 7', 'src/main.js file 7'])
    const descriptor = '[_]\nschema-version = "0.2"\n[io.buildpacks]\nexclude = ["*.txt"]\n'
    writeFileSync(join(app, 'project.toml'), descriptor)
    expect(await list()).toEqual(['main symlink 0', `project.toml file ${descriptor.length}`, 'src/main.js file 7'])
  })

  test('has the same paths for an archive', async () => {
    writeFileSync(join(root, 'app.zip'), zipFile([{ name: 'secret.txt', content: SECRET }, { name: 'src/main.js', content: 'serve()' }]))
    expect(await list(join(root, 'app.zip'))).toEqual(['secret.txt file 7', 'src/main.js file 7'])
  })
})
