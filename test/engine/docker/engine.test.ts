import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeTemporaryDirectory } from '../../../src/base/files.ts'
import { connectEngine } from '../../../src/docker/connection/connect.ts'
import { resolveEndpoint } from '../../../src/docker/connection/endpoint.ts'
import { engineContract } from '../../contract/engine/engine-contract.ts'

engineContract('The engine at $DOCKER_HOST', async () => {
  const endpoint = await resolveEndpoint({ env: process.env, home: homedir() })
  const engine = await connectEngine(endpoint)
  const { os, architecture } = (await engine.info()).platform
  await using directory = await makeTemporaryDirectory()
  const binary = join(directory.path, 'tool')
  const env = { ...process.env, GOOS: os, GOARCH: architecture, CGO_ENABLED: '0' }
  const cwd = join(import.meta.dirname, '../../contract/engine/tool')
  await promisify(execFile)('go', ['build', '-ldflags=-s', '-o', binary, 'main.go'], { cwd, env })
  return { engine, tool: await readFile(binary), connectLast: () => connectEngine(endpoint, {}, true) }
})
