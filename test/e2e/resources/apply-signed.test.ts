/** `cnb apply` with cosign keys and `--slsa`: the signatures and the provenance. */

import { execFileSync } from 'node:child_process'
import { verify } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Digest } from '../../../src/oci/digest.ts'
import { runCnb, succeedJson, type Finished } from '../../support/cnb.ts'
import { cosignAnswers } from '../../support/cosign-answers.ts'
import { docker } from '../../support/engines/docker.ts'
import { MemoryRegistry, refuse } from '../../support/fakes/memory-registry.ts'
import { getBlob, getDocument } from '../../support/images/registry-images.ts'
import { containing } from '../../support/matching.ts'
import { startRegistry, type Registry } from '../../support/registry/registry.ts'
import { pushBases } from '../../support/resource-bases.ts'
import { appFiles, processes, SAMPLE_RUN_IMAGE } from '../../support/script-builder.ts'
import { makeWorkbench } from '../../support/workbench.ts'

const { ecdsa: FIRST, open: SECOND } = cosignAnswers().keys
/** The path of the real program, which then checks the same images. */
const COSIGN = process.env['CNB_TEST_COSIGN']
const bench = await makeWorkbench()
const prefix = bench.image()
let registry: Registry
let app: string
const named = (name: string): string => `${registry.address}/${prefix}-${name}`
const env = { CNB_CACHE_DIR: join(bench.path, 'cache') }
const state = (): string[] => ['--state', join(bench.path, 'state')]

beforeAll(async () => {
  registry = await startRegistry()
  app = await bench.directory(appFiles(processes({ web: 'echo signed' })))
  await pushBases(registry, prefix)
})

afterAll(async () => {
  await bench.clear()
  await registry[Symbol.asyncDispose]()
})

interface Settings {
  readonly key?: string
  readonly password?: string
  /** Default: that of the tests. */
  readonly tag?: string
}

async function resources({ key = FIRST.private, password = FIRST.password, tag = named('shop') }: Settings = {}): Promise<string[]> {
  const documents = [
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'signer', annotations: { 'kpack.io/slsa': '' } }, stringData: { 'cosign.key': key, 'cosign.password': password } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' }, secrets: [{ name: 'signer' }] },
    { apiVersion: 'kpack.io/v1alpha2', kind: 'ClusterLifecycle', metadata: { name: 'default-lifecycle' }, spec: { image: named('lifecycle') } },
    { apiVersion: 'kpack.io/v1alpha2', kind: 'ClusterStore', metadata: { name: 'default' }, spec: { sources: [{ image: named('store') }] } },
    { apiVersion: 'kpack.io/v1alpha2', kind: 'ClusterStack', metadata: { name: 'base' }, spec: { id: 'cnb.sample.bookworm', buildImage: { image: named('build') }, runImage: { image: named('run') } } },
    {
      apiVersion: 'kpack.io/v1alpha2', kind: 'Builder', metadata: { name: 'base' },
      spec: { tag: named('builder'), stack: { kind: 'ClusterStack', name: 'base' }, store: { kind: 'ClusterStore', name: 'default' }, order: [{ group: [{ id: 'test/script' }] }] },
    },
    {
      apiVersion: 'kpack.io/v1alpha2', kind: 'Image', metadata: { name: 'shop' },
      spec: { tag, builder: { kind: 'Builder', name: 'base' }, source: { local: { path: app } }, cosign: { annotations: [{ name: 'team', value: 'web' }] } },
    },
  ]
  return ['--filename', await bench.directory({ 'all.yaml': documents.map((document) => JSON.stringify(document)).join('\n---\n') }), '--slsa', ...state()]
}

const apply = async (settings?: Settings): Promise<Finished> => runCnb(['apply', ...(await resources(settings))], { env })

interface Applied {
  readonly resources: readonly { readonly kind: string; readonly change: string; readonly latestImage?: string; readonly build?: { readonly reason: string } }[]
}

async function applied(settings?: Settings): Promise<Record<'Image' | 'Builder', Applied['resources'][number]>> {
  const { resources: all } = await succeedJson<Applied>(['apply', ...(await resources(settings))], { env })
  return { Image: all.find(({ kind }) => kind === 'Image')!, Builder: all.find(({ kind }) => kind === 'Builder')! }
}

interface Layer {
  readonly digest: Digest
  readonly annotations?: Readonly<Record<string, string>>
}

interface Blob {
  readonly content: Buffer
  readonly signature: string
}

/** Returns the layers of the image's tag with this ending, as cosign finds them. */
async function attached(image: string, ending: 'sig' | 'att'): Promise<Blob[]> {
  const [, repository = '', digest = ''] = /^[^/]+\/([^:@]+)(?::[^@]+)?@(sha256:[0-9a-f]+)$/.exec(image) ?? []
  const found = await getDocument<{ layers: Layer[] }>(registry, repository, `${digest.replace(':', '-')}.${ending}`)
  return Promise.all((found?.document.layers ?? []).map(async (layer) => ({
    content: await getBlob(registry, repository, layer.digest), signature: layer.annotations?.['dev.cosignproject.cosign/signature'] ?? '',
  })))
}

const isSignedBy = ({ public: key }: { public: string }, { content, signature }: Blob): boolean => verify('sha256', content, key, Buffer.from(signature, 'base64'))

/** Returns the optional part of each signature by a key, all of which must be for this image. */
async function annotationsOf(image: string, key: { public: string }): Promise<unknown[]> {
  const blobs = (await attached(image, 'sig')).filter((blob) => isSignedBy(key, blob))
  return blobs.map(({ content }) => {
    const { critical, optional } = JSON.parse(content.toString()) as { critical: { image: Record<string, string> }; optional: unknown }
    expect(image).toContain(critical.image['docker-manifest-digest'])
    return optional
  })
}

interface Statement {
  readonly predicateType: string
  readonly subject: readonly { readonly digest: { readonly sha256: string } }[]
  readonly predicate: { readonly buildDefinition: { readonly resolvedDependencies: readonly { readonly name: string }[] } }
}

/** Returns the image's provenance after a check of its signature. */
async function provenanceOf(image: string, key: { public: string }): Promise<Statement> {
  const [blob, ...more] = await attached(image, 'att')
  expect(more).toEqual([])
  const { payloadType, payload, signatures } = JSON.parse(blob!.content.toString()) as { payloadType: string; payload: string; signatures: { sig: string }[] }
  const statement = Buffer.from(payload, 'base64')
  const signed = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${statement.length} `), statement])
  expect(signatures.map(({ sig }) => isSignedBy(key, { content: signed, signature: sig }))).toEqual([true])
  return JSON.parse(statement.toString()) as Statement
}

async function verifyWithCosign(image: string, key: { public: string }, ...args: string[]): Promise<void> {
  if (COSIGN === undefined) return
  const file = join(bench.path, 'cosign.pub')
  await writeFile(file, key.public)
  const [verb = '', ...more] = args
  execFileSync(COSIGN, [verb, '--key', file, '--insecure-ignore-tlog=true', '--allow-http-registry', ...more, image], { stdio: 'pipe' })
}

let built = ''

it('signs the builder and the image, and states the provenance', async () => {
  const { Image, Builder } = await applied()
  built = Image.latestImage!
  expect(await annotationsOf(Builder.latestImage!, FIRST)).toEqual([null])
  expect(await annotationsOf(built, FIRST)).toEqual([{ buildNumber: '1', buildTimestamp: expect.stringMatching(/^\d{8}\.\d{6}$/) as string, team: 'web' }])
  expect(await annotationsOf(built, SECOND)).toEqual([])
  const { predicateType, subject, predicate } = await provenanceOf(built, FIRST)
  expect([predicateType, subject.map(({ digest }) => `sha256:${digest.sha256}`)]).toEqual(['https://slsa.dev/provenance/v1', [built.split('@')[1]]])
  expect(predicate.buildDefinition.resolvedDependencies.map(({ name }) => name)).toEqual(['builder-image', 'run-image'])
  await verifyWithCosign(built, FIRST, 'verify', '-a', 'buildNumber=1', '-a', 'team=web')
  await verifyWithCosign(Builder.latestImage!, FIRST, 'verify')
  await verifyWithCosign(built, FIRST, 'verify-attestation', '--type', 'slsaprovenance1')
})

it('signs nothing again while nothing changes', async () => {
  const before = [await attached(built, 'sig'), await attached(built, 'att')]
  const { Image } = await applied()
  expect(Image).toMatchObject({ change: 'unchanged', latestImage: built })
  expect([await attached(built, 'sig'), await attached(built, 'att')]).toEqual(before)
})

it('signs a rebased image', async () => {
  const container = await docker('create', SAMPLE_RUN_IMAGE, 'true')
  await docker('commit', '--change', 'LABEL patched=yes', container, named('run'))
  await docker('rm', container)
  await docker('push', '--quiet', named('run'))
  const { Image } = await applied()
  const rebased = Image.latestImage!
  expect([Image.build?.reason, rebased === built]).toEqual(['STACK', false])
  expect(await annotationsOf(rebased, FIRST)).toMatchObject([{ buildNumber: '2' }])
  expect((await provenanceOf(rebased, FIRST)).subject).toMatchObject([{ digest: { sha256: rebased.split(':').at(-1) } }])
  await verifyWithCosign(rebased, FIRST, 'verify')
})

it('fails before the build with a wrong password, and signs with a new key afterwards', async () => {
  const trigger = (): Promise<Finished> => runCnb(['trigger', 'image', 'shop', '--slsa', ...state()], { env })
  await apply({ password: 'hunter2' })
  const failed = await trigger()
  expect(failed).toMatchObject({ code: 1, stderr: containing("cannot read the key 'cosign.key' of Secret default/signer: the password does not fit") })
  expect(failed.stdout + failed.stderr).not.toContain('hunter2')
  await applied({ key: SECOND.private, password: '' })
  const { build, latestImage } = await succeedJson<{ build: string; latestImage: string }>(['trigger', 'image', 'shop', '--slsa', ...state()], { env })
  // Earlier builds made the same bytes, and their signatures stay.
  expect(await annotationsOf(latestImage, SECOND)).toContainEqual(expect.objectContaining({ buildNumber: build.split('-').at(-1) }))
  expect((await provenanceOf(latestImage, SECOND)).predicateType).toBe('https://slsa.dev/provenance/v1')
})

it('fails the build if the registry refuses the signature, and signs after it allows it', async () => {
  await using refusing = await new MemoryRegistry().start()
  refusing.intercept = ({ method }, response, { pathname }) => {
    if (method !== 'PUT' || !pathname.endsWith('.sig')) return false
    refuse(response, 403, 'DENIED', 'signatures are not allowed')
    return true
  }
  const settings = { key: SECOND.private, password: '', tag: `${refusing.address}/shop` }
  await runCnb(['delete', 'image', 'shop', ...state()], { env })
  expect(await apply(settings)).toMatchObject({ code: 1, stderr: containing('signatures are not allowed') })
  const signatures = (): string[] => [...refusing.repository('shop').tags.keys()].filter((name) => name.endsWith('.sig'))
  expect(signatures()).toEqual([])
  refusing.intercept = undefined
  expect(await runCnb(['trigger', 'image', 'shop', ...state()], { env })).toMatchObject({ code: 0 })
  expect(signatures()).toHaveLength(1)
})
