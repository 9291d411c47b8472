import { execFileSync } from 'node:child_process'
import { lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { makeSayingBench } from '../../support/saying-app.ts'
import { writeFiles } from '../../support/workbench.ts'
import { zipFile } from '../../support/images/zip-file.ts'

const bench = await makeSayingBench()
const { said, sayingApp } = bench
afterAll(() => bench.clear())

describe('project.toml', () => {
  it('excludes files, sets the environment, and adds scripts before and after', async () => {
    const app = await sayingApp('{ find . -name "*.txt" | sort; echo "$GREETING"; } >>said', {
      'project.toml': `[_]
schema-version = "0.2"
[io.buildpacks]
exclude = ["*.secret.txt", "/docs"]
[[io.buildpacks.build.env]]
name = "GREETING"
value = "hello there"
[[io.buildpacks.pre.group]]
id = "e2e/my_first"
script = { api = "0.11", inline = "echo first >said" }
[[io.buildpacks.post.group]]
id = "e2e/last"
script = { api = "0.11", inline = "echo last >>said" }
`,
      'a.txt': '', 'b.secret.txt': '', 'docs/c.txt': '', 'src/docs/d.txt': '',
    })
    expect(await said(app)).toBe('first\n./a.txt\n./src/docs/d.txt\nhello there\nlast')
  })

  it('includes only the listed files, and selects the group', async () => {
    const app = await sayingApp('find . -type f | sort >/tmp/files; cp /tmp/files said', {
      'project.toml': `[_]
schema-version = "0.2"
[io.buildpacks]
include = ["/script", "*.txt"]
[[io.buildpacks.group]]
id = "test/script"
version = "1.0.0"
`,
      'a.txt': '', 'b.md': '',
    })
    expect(await said(app)).toBe('./a.txt\n./script/build\n./script/detect')
  })

  it('is overridden by --env and --buildpack, and may be set by --descriptor', async () => {
    const app = await sayingApp('echo "$GREETING" >said')
    const elsewhere = await bench.directory({
      'other.toml': '[_]\nschema-version = "0.2"\n[[io.buildpacks.group]]\nid = "no/such"\n[[io.buildpacks.build.env]]\nname = "GREETING"\nvalue = "from project.toml"\n',
    })
    const options = ['--descriptor', join(elsewhere, 'other.toml'), '--buildpack', 'test/script']
    expect(await said(app, options)).toBe('from project.toml')
    expect(await said(app, [...options, '--env', 'GREETING=from the command'])).toBe('from the command')
  })
})

describe('the app', () => {
  it('keeps modes, links, empty directories and odd names', async () => {
    const name = `${'long'.repeat(60)}`
    const app = await sayingApp(
      `{ [ -x run.sh ] && echo executable; readlink link; [ -d empty ] && echo empty; ls ${name}/${name}; ls | grep -c 'ünï'; } >said`,
      { 'run.sh': '#!/bin/sh\n', [`${name}/${name}/file`]: '', 'ünï cödé': '' },
    )
    await mkdir(join(app, 'empty'))
    execFileSync('ln', ['-s', 'run.sh', join(app, 'link')])
    expect(await said(app)).toBe('executable\nrun.sh\nempty\nfile\n1')
  })

  it('builds the same image from a zip archive as from the unpacked directory, with its project.toml', async () => {
    const files = {
      'project.toml': '[_]\nschema-version = "0.2"\n[io.buildpacks]\nexclude = ["*.log"]\n[[io.buildpacks.build.env]]\nname = "A"\nvalue = "1"\n',
      'a.log': '', 'd/ünï': 'x', big: 'x'.repeat(200_000),
    }
    const app = await sayingApp('{ find . -name "*.log"; stat -c "%a %u %n" d d/* script big; echo "$A"; } >said', files)
    await symlink('d/ünï', join(app, 'link'))
    const names = (await readdir(app, { recursive: true })).sort()
    const entries = await Promise.all(
      names.map(async (name) => {
        const { mode, isDirectory, isLink } = await lstat(join(app, name)).then((stats) => ({ mode: stats.mode, isDirectory: stats.isDirectory(), isLink: stats.isSymbolicLink() }))
        if (isDirectory) return { name: `${name}/`, mode }
        return { name, mode, content: isLink ? await readlink(join(app, name)) : await readFile(join(app, name)) }
      }),
    )
    const archive = join(await bench.directory({}), 'app.jar')
    await writeFile(archive, zipFile(entries))
    const [unpacked, packed] = [await bench.build(bench.image(), app), await bench.build(bench.image(), archive)]
    expect(packed.id).toBe(unpacked.id)
  })

  it('keeps names that are not UTF-8', async () => {
    const app = await sayingApp('ls odd | od -An -tx1 | tr -d " \\n" >said')
    await writeFiles(app, { 'odd/.keep': '' })
    await writeFile(Buffer.concat([Buffer.from(join(app, 'odd', 'a')), Buffer.from([0xff, 0xfe])]), '')
    expect(await said(app)).toBe('61fffe0a')
  })
})
