import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { Diagnosis } from '../../../src/operations/about/doctor/doctor.ts'
import { runCnb } from '../../support/cnb.ts'
import { makeCertificate } from '../../support/registry/certificate.ts'
import { startRegistry } from '../../support/registry/registry.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const bench = await makeWorkbench()
afterAll(() => bench.clear())

/** A home without logins; proxies of this machine would be checked too. */
const env = async (): Promise<Record<string, string>> => ({ HOME: await bench.directory({}), HTTPS_PROXY: '', HTTP_PROXY: '', https_proxy: '', http_proxy: '' })

async function doctor(args: readonly string[], more: Record<string, string> = {}): Promise<{ code: number | undefined; diagnosis: Diagnosis }> {
  const { code, stdout } = await runCnb(['doctor', ...args, '--output', 'json'], { env: { ...(await env()), ...more } })
  return { code, diagnosis: JSON.parse(stdout) as Diagnosis }
}

it('finds no problem with a real engine and a registry with a private authority', async () => {
  await using certificate = await makeCertificate()
  await using registry = await startRegistry({ certificate })
  const { code, diagnosis } = await doctor([registry.address, '--ca-cert', certificate.caPath])
  expect(diagnosis.checks.filter(({ status }) => status === 'problem')).toEqual([])
  expect(code).toBe(0)
  expect(diagnosis).toMatchObject({ canBuild: true, engine: { platform: { os: 'linux' } } })
  expect(diagnosis.checks).toContainEqual({ check: 'registry', status: 'ok', found: `https://${registry.address}: reachable` })
  expect(diagnosis.checks).toContainEqual({ check: 'clock', status: 'ok', found: `agrees with the engine, ${registry.address}` })
})

it('names the issuer of an unknown certificate, with exit code 1', async () => {
  await using certificate = await makeCertificate()
  await using registry = await startRegistry({ certificate })
  const { code, diagnosis } = await doctor([registry.address])
  expect(code).toBe(1)
  expect(diagnosis.checks.find(({ check }) => check === 'registry')).toMatchObject({
    status: 'problem',
    code: 'CNB_REGISTRY_UNREACHABLE',
    found: expect.stringContaining("issued by 'cnb test authority'"),
    fix: expect.stringContaining('--ca-cert'),
  })
})

it('ends with 125 if no engine is there, and if one accepts connections and is silent', async () => {
  const dead = await doctor([], { DOCKER_HOST: 'unix:///nonexistent.sock' })
  expect(dead).toMatchObject({ code: 125, diagnosis: { canBuild: false, engine: null } })
  const path = join(await bench.directory({}), 'silent.sock')
  const sockets = new Set<Socket>()
  const server = createServer((socket) => void sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const silent = await doctor([], { DOCKER_HOST: `unix://${path}` })
  expect(silent.code).toBe(125)
  expect(silent.diagnosis.checks[0]).toEqual({ check: 'engine', status: 'problem', found: 'no answer within 5 s', fix: expect.stringContaining(path) })
  for (const socket of sockets) socket.destroy()
  server.close()
})
