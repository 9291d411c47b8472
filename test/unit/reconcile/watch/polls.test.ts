import { describe, expect, it } from 'vitest'
import { dependsOn, pollsOf, type Poll } from '../../../../src/reconcile/watch/polls.ts'
import { pollsToHurry, type Notice } from '../../../../src/reconcile/watch/notice.ts'
import type { AnyBuilder } from '../../../../src/reconcile/state.ts'
import type { Image } from '../../../../src/resources/kinds/image.ts'
import type { SourceConfig } from '../../../../src/resources/kinds/parts.ts'

const INTERVALS = { git: 1, blobs: 2, images: 3, local: 4 }

function image(name: string, source: SourceConfig): Image {
  return { apiVersion: 'kpack.io/v1alpha2', kind: 'Image', metadata: { name, namespace: 'default' }, spec: { tag: `r.example/${name}`, builder: { kind: 'Builder', name: 'b' }, source } }
}
const git = (name: string, url: string, revision = 'main'): Image => image(name, { git: { url, revision } })
const intervalsOf = (polls: Map<string, Poll>): [string, number][] => [...polls].map(([key, { interval }]) => [key, interval])

describe('pollsOf', () => {
  it('polls each remote once for all images', () => {
    const polls = pollsOf([git('a', 'https://g.example/mono'), git('b', 'https://g.example/mono', 'v2'), git('c', 'https://g.example/c')], [], INTERVALS)
    expect([...polls.values()].map(({ resources, revisions }) => [resources, [...revisions]])).toEqual([
      [['Image/default/a', 'Image/default/b'], ['main', 'v2']],
      [['Image/default/c'], ['main']],
    ])
  })

  it('has an interval for each kind, and none for what cannot change', () => {
    const digest = `sha256:${'a'.repeat(64)}`
    const sources: SourceConfig[] = [
      { git: { url: 'g', revision: 'main' } }, { git: { url: 'g', revision: 'a'.repeat(40) } }, { blob: { url: 'b' } }, { registry: { image: 'r' } }, { registry: { image: `r@${digest}` } }, { local: { path: '/l' } },
    ]
    expect(intervalsOf(pollsOf(sources.map((source, index) => image(`i${index}`, source)), [{ id: 'ClusterStack//s', images: ['run'] }], INTERVALS))).toEqual([
      ['git g', 1], ['git of Image/default/i1', Infinity], ['blob b', 2], ['registry r', 3], ['registry of Image/default/i4', Infinity], ['local /l', 4], ['ClusterStack//s', 3],
    ])
  })
})

describe('pollsToHurry', () => {
  const hurried = (notice: Notice): string[] => pollsToHurry(notice, pollsOf([
    git('https', 'https://user:secret@git.example/team/app.git'), git('ssh', 'git@git.example:team/app'), git('port', 'ssh://git@git.example:2222/team/app/', 'v1'), git('other', 'https://git.example/team/other'),
    image('source', { registry: { image: 'registry.example/team/source:v1' } }),
  ], [{ id: 'ClusterStack//base', images: ['registry.example/base/build', 'registry.example/base/run:jammy'] }, { id: 'ClusterStore//hub', images: ['ubuntu'] }], INTERVALS).values())

  it('finds a repository by any of its addresses', () => {
    for (const url of ['https://git.example/team/app', 'git@git.example:team/app.git', 'ssh://git@git.example/Team/App.git']) {
      expect(hurried({ kind: 'git', urls: [url] })).toEqual(['git https://user:secret@git.example/team/app.git', 'git git@git.example:team/app', 'git ssh://git@git.example:2222/team/app/'])
    }
    expect(hurried({ kind: 'git', urls: ['https://elsewhere.example/team/app'] })).toEqual([])
  })

  it('leaves out images of other branches and tags', () => {
    expect(hurried({ kind: 'git', urls: ['https://git.example/team/app'], ref: 'refs/tags/v1' })).toEqual(['git ssh://git@git.example:2222/team/app/'])
    expect(hurried({ kind: 'git', urls: ['https://git.example/team/app'], ref: 'refs/heads/topic' })).toEqual([])
  })

  it('finds images by repository and tag, with any host', () => {
    expect(hurried({ kind: 'image', repository: 'base/run', tag: 'jammy' })).toEqual(['ClusterStack//base'])
    expect(hurried({ kind: 'image', repository: 'internal:5000/base/build', tag: 'latest' })).toEqual(['ClusterStack//base'])
    expect(hurried({ kind: 'image', repository: 'base/run', tag: 'noble' })).toEqual([])
    expect(hurried({ kind: 'image', repository: 'team/source' })).toEqual(['registry registry.example/team/source:v1'])
    expect(hurried({ kind: 'image', repository: 'library/ubuntu', tag: 'latest' })).toEqual(['ClusterStore//hub'])
    expect(hurried({ kind: 'image', repository: 'NOT a name' })).toEqual([])
  })
})

describe('dependsOn', () => {
  const builder: AnyBuilder = {
    apiVersion: 'kpack.io/v1alpha2', kind: 'Builder', metadata: { name: 'b', namespace: 'team' },
    spec: { tag: 'r.example/b', stack: { kind: 'ClusterStack', name: 'base' }, store: { kind: 'ClusterStore', name: 'default' }, order: [] },
  }

  it('finds the parts of a builder', () => {
    for (const id of ['ClusterStack//base', 'ClusterStore//default', 'ClusterLifecycle//default-lifecycle', 'ClusterBuildpack//any', 'Buildpack/team/any']) expect(dependsOn(builder, new Set([id]))).toBe(true)
    for (const id of ['ClusterStack//other', 'ClusterLifecycle//other', 'Buildpack/other/any']) expect(dependsOn(builder, new Set([id]))).toBe(false)
    expect(dependsOn({ ...builder, kind: 'ClusterBuilder' }, new Set(['Buildpack/team/any']))).toBe(false)
  })
})
