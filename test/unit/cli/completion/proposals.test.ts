import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../../../src/base/files.ts'
import { CNB } from '../../../../src/cli/command-list.ts'
import { completeLine } from '../../../../src/cli/completion/proposals.ts'
import type { Host } from '../../../../src/operations/services.ts'

let directory: TemporaryDirectory
let engine: Server
let host: Host
const labels = { 'io.buildpacks.build.metadata': JSON.stringify({ processes: [{ type: 'web' }, { type: 'worker' }, { type: '$(rm)' }] }) }

/** An engine with two images, one of which is a builder. */
beforeEach(async () => {
  directory = await makeTemporaryDirectory()
  engine = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://engine')
    if (pathname === '/images/json') {
      const builder = { RepoTags: ['my/builder:latest'] }
      const app = { RepoTags: ['my-app:latest', 'my-app:2', 'docker.io/library/podmans:1', 'bad$(touch ran):1', '<none>:<none>'] }
      response.end(JSON.stringify(searchParams.get('filters')?.includes('label') ? [builder] : [builder, app, { RepoTags: null }]))
    } else if (pathname === '/images/my-app/json') response.end(JSON.stringify({ Config: { Labels: labels } }))
    else response.writeHead(404).end('{}')
  })
  const socket = join(directory.path, 'engine.sock')
  engine.listen(socket)
  await once(engine, 'listening')
  host = { env: { DOCKER_HOST: `unix://${socket}`, CNB_HOME: join(directory.path, 'cnb'), PACK_HOME: '/nonexistent', XDG_STATE_HOME: directory.path }, cwd: directory.path, home: directory.path }
})
afterEach(async () => {
  engine.close()
  await directory[Symbol.asyncDispose]()
})

/** Completes the last word of a line. */
async function complete(line: string): Promise<string[]> {
  const words = line.split(' ')
  return (await completeLine([`+${words.pop()}`, ...words], CNB, host)).split('\n').slice(0, -1)
}

describe('the completion of a command line', () => {
  it.each([
    ['bui', ['build', 'builder', 'buildpack', ':end']],
    ['builder cr', ['create', ':end']],
    ['config registries ad', ['add', ':end']],
    ['-q build app --pull', ['--pull-policy', ':end']],
    ['--output json builder in', ['inspect', ':end']],
    ['build builder --publ', ['--publish', ':end']],
    ['--expl', ['--explain', ':end']],
    ['nothing-such ', [':end']],
    ['__proto', [':end']],
  ])('proposes commands and options: %s', async (line, expected) => {
    expect(await complete(line)).toEqual(expected)
  })

  it.each([
    ['build app --pull-policy ', ['always', 'if-not-present', 'never', ':end']],
    ['build app --pull-policy=n', ['--pull-policy=never', ':end']],
    ['get -o js', ['json', 'jsonpath=', ':end']],
    ['config set pull-policy i', ['if-not-present', ':end']],
    ['config set if-changed ', ['true', 'false', ':end']],
    ['config get cache-s', ['cache-size', ':end']],
    ['config set nothing ', [':end']],
    ['config trusted-builders ', ['list', 'add', 'remove', ':end']],
    ['config pull-policy n', ['never', ':end']],
    ['completion ', ['bash', 'fish', 'powershell', 'zsh', ':end']],
    ['build app --path ', [':files']],
    ['build --sbom-output-dir=x', [':directories']],
    ['apply -f ', [':files']],
    ['build app --memory ', [':end']],
  ])('proposes values: %s', async (line, expected) => {
    expect(await complete(line)).toEqual(expected)
  })

  it('proposes names of images that no shell changes', async () => {
    expect(await complete('rebase ')).toEqual(['my-app', 'my-app:2', 'my/builder', 'podmans:1', ':end'])
    expect(await complete('diff my-app my-app:')).toEqual(['my-app:2', ':end'])
    expect(await complete('build -- my-')).toEqual(['my-app', 'my-app:2', ':end'])
    expect(await complete('sbom download my-app ')).toEqual([':end'])
  })

  it('proposes builders of the engine, of the configuration and well-known ones', async () => {
    await mkdir(join(directory.path, 'cnb'))
    await writeFile(join(directory.path, 'cnb/config.toml'), 'default-builder-image = "mine/default"\n[[trusted-builders]]\nname = "mine/trusted"\n')
    const builders = await complete('build app --builder ')
    expect(builders.slice(0, 3)).toEqual(['my/builder', 'mine/default', 'mine/trusted'])
    expect(builders).toContain('heroku/builder:24')
  })

  it('proposes the processes of the image', async () => {
    expect(await complete('build my-app --default-process ')).toEqual(['web', 'worker', ':end'])
    expect(await complete('build other --default-process ')).toEqual([':end'])
  })

  it('proposes kinds and names of resources', async () => {
    for (const path of ['kpack.io/Image/default/shop.yaml', 'kpack.io/Image/other/hidden.yaml', 'kpack.io/ClusterStack/_cluster/base.yaml']) {
      await mkdir(join(directory.path, 'cnb/objects', path, '..'), { recursive: true })
      await writeFile(join(directory.path, 'cnb/objects', path), '')
    }
    expect(await complete('get ima')).toEqual(['images', ':end'])
    expect(await complete('get images ')).toEqual(['shop', ':end'])
    expect(await complete('get images -n other ')).toEqual(['hidden', ':end'])
    expect(await complete('logs ')).toEqual(['shop', ':end'])
    expect(await complete('clusterstack status ')).toEqual(['base', ':end'])
    expect(await complete('get nonsense ')).toEqual([':end'])
  })

  it('proposes nothing if the engine does not answer, answers too much or too late', async () => {
    engine.removeAllListeners('request').on('request', (_request, response) => void response.socket?.destroy())
    expect(await complete('rebase ')).toEqual([':end'])
    engine.removeAllListeners('request').on('request', (_request, response) => void response.end(`[{"RepoTags":["a"]}${' '.repeat(17 * 1024 * 1024)}]`))
    expect(await complete('rebase ')).toEqual([':end'])
    engine.removeAllListeners('request')
    expect(await complete('rebase ')).toEqual([':end'])
    host = { ...host, env: { ...host.env, DOCKER_HOST: 'unix:///nonexistent' } }
    expect(await complete('rebase ')).toEqual([':end'])
  })
})
