/** A stack, a store, a lifecycle and a builder for kpack's resources, and their images. */

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { docker } from './engines/docker.ts'
import { makeLayer, putImage } from './images/registry-images.ts'
import type { Registry } from './registry/registry.ts'
import { BUILDER, SAMPLE_RUN_IMAGE } from './script-builder.ts'

const LIFECYCLE = join(import.meta.dirname, '../../builders/sample/lifecycle/out')

/** Publishes `<prefix>-store`, `-build`, `-run` and `-lifecycle`; the script builder is the store. */
export async function pushBases(registry: Registry, prefix: string): Promise<void> {
  const push = (image: string, name: string): Promise<void> => pushImage(image, `${registry.address}/${prefix}-${name}`)
  await push(BUILDER, 'store')
  await push('cnb-sample/build:bookworm', 'build')
  await push(SAMPLE_RUN_IMAGE, 'run')
  await pushLifecycle(registry, `${prefix}-lifecycle`)
}

/** Returns the four resources as YAML. @param named returns the full name of an image of `pushBases`, and of others; the builder's is `builder` */
export function basesYaml(named: (name: string) => string): string {
  return `
{apiVersion: kpack.io/v1alpha2, kind: ClusterLifecycle, metadata: {name: default-lifecycle}, spec: {image: "${named('lifecycle')}"}}
---
{apiVersion: kpack.io/v1alpha2, kind: ClusterStore, metadata: {name: default}, spec: {sources: [{image: "${named('store')}"}]}}
---
apiVersion: kpack.io/v1alpha2
kind: ClusterStack
metadata: {name: base}
spec: {id: cnb.sample.bookworm, buildImage: {image: "${named('build')}"}, runImage: {image: "${named('run')}"}}
---
apiVersion: kpack.io/v1alpha2
kind: Builder
metadata: {name: base, namespace: default}
spec: {tag: "${named('builder')}", stack: {kind: ClusterStack, name: base}, store: {kind: ClusterStore, name: default}, order: [{group: [{id: test/script}]}]}
`
}

/** Publishes an image of the engine, which forgets the name. */
export async function pushImage(image: string, name: string): Promise<void> {
  await docker('tag', image, name)
  await docker('push', '--quiet', name)
  await docker('image', 'rm', name)
}

/** Publishes the lifecycle as its releases do: one layer, and labels with its APIs. */
async function pushLifecycle(registry: Registry, repository: string): Promise<void> {
  const tar = execFileSync('tar', ['--create', '--owner=0', '--group=0', '--transform=flags=r;s,^,cnb/,', 'lifecycle'], { cwd: LIFECYCLE, maxBuffer: 1e9 })
  const layer = makeLayer(tar)
  const labels = {
    'io.buildpacks.builder.metadata': JSON.stringify({ lifecycle: { version: '0.21.0' }, api: { buildpack: '0.7', platform: '0.7' } }),
    'io.buildpacks.lifecycle.apis': JSON.stringify({ buildpack: { supported: ['0.7', '0.8', '0.9', '0.10', '0.11'] }, platform: { supported: ['0.7', '0.12', '0.13', '0.14', '0.15'] } }),
  }
  await putImage(registry, repository, 'latest', [layer], { os: 'linux', architecture: 'amd64', config: { Labels: labels }, rootfs: { type: 'layers', diff_ids: [layer.diffId] } })
}
