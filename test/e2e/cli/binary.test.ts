/** A binary of `npm run package` (CNB_TEST_BIN): what Bun would do otherwise. */

import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import { BINARY, ON_NODE, runCnb } from '../../support/cnb.ts'
import { ROOT } from '../../support/package.ts'

const NO_ENGINE = { DOCKER_HOST: 'unix:///nonexistent/docker.sock', DOCKER_CONTEXT: undefined }

describe('a binary', { skip: ON_NODE }, () => {
  it("reads none of Bun's files in the directory of an app", async () => {
    await using app = await makeTemporaryDirectory('cnb-hostile-')
    const files = {
      '.env': 'DOCKER_HOST=unix:///from-dotenv.sock\nFORCE_COLOR=1\n',
      'bunfig.toml': 'preload = ["./loaded.js"]\n',
      'tsconfig.json': '{ "extends": "./nothing.json" }',
      'package.json': '{',
      'loaded.js': "console.log('loaded')",
    }
    for (const [name, content] of Object.entries(files)) await writeFile(join(app.path, name), content)
    const { code, stdout, stderr } = await runCnb(['rebase', 'app'], { env: NO_ENGINE, cwd: app.path })
    expect([code, stdout]).toEqual([125, ''])
    expect(stderr).toContain('/nonexistent/docker.sock')
    expect(stderr).not.toContain('\u001b[')
  })

  it('prints stack traces with positions in the sources', async () => {
    await using app = await makeTemporaryDirectory('cnb-stack-')
    const { stderr } = await runCnb(['rebase', 'app', '--verbose'], { env: NO_ENGINE, cwd: app.path })
    expect(stderr).toMatch(/at .* \(src\/docker\/[\w/-]+\.ts:\d+:\d+\)\n/)
    expect(stderr).not.toContain(ROOT)
  })

  it('contains no path of the checkout that made it', async () => {
    expect((await readFile(BINARY)).includes(ROOT)).toBe(false)
  })

  it('takes the command line of pack as a link of that name', async () => {
    await using directory = await makeTemporaryDirectory('cnb-link-')
    const link = join(directory.path, 'pack')
    await symlink(BINARY, link)
    expect((await runCnb(['--help'], { binary: link })).stdout).toContain('Usage: pack <command>')
  })

  it('starts without a home, a search path and a temporary directory', async () => {
    const { code, stderr } = await runCnb(['rebase', 'app'], { env: NO_ENGINE, under: ['env', '-i', `DOCKER_HOST=${NO_ENGINE.DOCKER_HOST}`, 'TMPDIR=/nonexistent'] })
    expect([code, stderr]).toEqual([125, expect.stringContaining('CNB_ENGINE_UNREACHABLE')])
  })
})
