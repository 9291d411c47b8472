import { describe, expect, it } from 'vitest'
import { parseImageFilter } from '../../../../../src/cli/commands/kp/image-filter.ts'
import { listText, statusText } from '../../../../../src/cli/commands/kp/status-text.ts'

const condition = (type: string, status: string, more: object = {}): object => ({ type, status, ...more })

const IMAGE = {
  apiVersion: 'kpack.io/v1alpha2', kind: 'Image', metadata: { name: 'test-image', namespace: 'default' },
  spec: { builder: { kind: 'ClusterBuilder', name: 'some-cluster-builder' }, source: { git: { url: 'some-git-url', revision: 'some-git-revision' } } },
  status: { conditions: [condition('Ready', 'False')], latestImage: 'test-registry.io/test-image-1@sha256:abcdef123', latestBuildReason: 'COMMIT,BUILDPACK' },
}

function build(number: number, succeeded: string, reason: string, revision: string): typeof BUILD {
  return {
    ...BUILD,
    metadata: { name: `b${number}`, labels: { 'image.kpack.io/buildNumber': `${number}` }, annotations: { 'image.kpack.io/reason': reason } },
    spec: { source: { git: { revision } } },
    status: { conditions: [condition('Succeeded', succeeded)], buildMetadata: [{ id: 'bp-id-1', version: 'bp-version-1', homepage: 'mysupercoolsite.com' }] },
  }
}
const BUILD = {
  apiVersion: 'kpack.io/v1alpha2', kind: 'Build', metadata: { name: '', labels: {} as Record<string, string>, annotations: {} as Record<string, string> },
  spec: { source: { git: { revision: '' } } }, status: { conditions: [{}], buildMetadata: [{}] },
}

describe('the status of an Image', () => {
  it('has the form of kp', () => {
    const builds = [build(1, 'True', 'CONFIG', 'successful-build-git-revision'), build(2, 'False', 'COMMIT,BUILDPACK', 'failed-build-git-revision')]
    expect(`${statusText(IMAGE, builds, false).join('\n')}\n`).toBe(`Status:         Not Ready
Message:        --
LatestImage:    test-registry.io/test-image-1@sha256:abcdef123

Source
Type:        GitUrl
Url:         some-git-url
Revision:    some-git-revision

Builder Ref
Name:    some-cluster-builder
Kind:    ClusterBuilder

Last Successful Build
Id:              1
Build Reason:    CONFIG
Git Revision:    successful-build-git-revision

BUILDPACK ID    BUILDPACK VERSION    HOMEPAGE
bp-id-1         bp-version-1         mysupercoolsite.com

Last Failed Build
Id:              2
Build Reason:    COMMIT,BUILDPACK
Git Revision:    failed-build-git-revision

`)
  })

  it.each([
    [[condition('Ready', 'True')], 'Ready', '--'],
    [[condition('Ready', 'Unknown')], 'Building', '--'],
    [[], 'Unknown', '--'],
    [[condition('BuilderReady', 'False', { reason: 'BuilderNotFound' })], 'Not Ready', "Builder 'some-cluster-builder' not found"],
    [[condition('BuilderReady', 'True'), condition('Ready', 'False', { reason: 'BuilderNotReady' })], 'Not Ready', "Builder 'some-cluster-builder' not ready"],
  ])('depends on the conditions', (conditions, status, message) => {
    const [first, second] = statusText({ ...IMAGE, status: { conditions } } as never, [], false)
    expect([first, second]).toEqual([`Status:         ${status}`, `Message:        ${message}`])
  })
})

describe('another status', () => {
  const of = (kind: string, content: object): Parameters<typeof statusText>[0] => ({ apiVersion: 'kpack.io/v1alpha2', kind, metadata: { name: 'base' }, ...content })

  it('shows a stack, with its mixins on request', () => {
    const stack = of('ClusterStack', { status: { conditions: [condition('Ready', 'True')], id: 'some.stack', runImage: { latestImage: 'r/run@sha256:1' }, buildImage: { latestImage: 'r/build@sha256:2' }, mixins: ['a', 'b'] } })
    expect(statusText(stack, [], false)).toEqual(['Status:         Ready', 'Id:             some.stack', 'Run Image:      r/run@sha256:1', 'Build Image:    r/build@sha256:2', ''])
    expect(statusText(stack, [], true)).toContain('Mixins:         a, b')
  })

  it('shows why a resource is not ready', () => {
    expect(statusText(of('ClusterLifecycle', { status: { conditions: [condition('Ready', 'False', { message: 'no image' })] } }), [], false)[0]).toBe('Status:     Not Ready - no image')
    expect(statusText(of('Builder', { status: { conditions: [condition('Ready', 'False', { message: 'no stack' })] } }), [], false)).toEqual(['Status:    Not Ready', 'Reason:    no stack', ''])
  })

  it('shows the packages of a store, each with its buildpacks on request', () => {
    const buildpackage = { id: 'pkg', version: '1', homepage: 'pkg.org' }
    const buildpacks = [{ id: 'pkg', version: '1', buildpackage, storeImage: { image: 'r/pkg' } }, { id: 'child', version: '2', homepage: 'child.org', buildpackage }, { id: 'loose', version: '3', buildpackage: {} }]
    const store = of('ClusterStore', { status: { conditions: [condition('Ready', 'True')], buildpacks } })
    expect(statusText(store, [], false)).toEqual(['Status:    Ready', '', 'BUILDPACKAGE ID    VERSION    HOMEPAGE', 'pkg                1          pkg.org', ''])
    expect(statusText(store, [], true)).toEqual([
      'Status:    Ready', '', 'Buildpackage:    pkg@1', 'Image:           r/pkg', 'Homepage:        --', '',
      'BUILDPACK ID    VERSION    HOMEPAGE', 'child           2          child.org', '',
    ])
  })

  it('shows the detection order of a builder', () => {
    const order = [{ group: [{ id: 'node', version: '1' }, { id: 'npm', optional: true }] }]
    const builder = of('ClusterBuilder', { spec: { stack: { name: 's', kind: 'ClusterStack' } }, status: { conditions: [condition('Ready', 'True')], order, latestImage: 'r/b@sha256:1' } })
    expect(statusText(builder, [], false).slice(-5).map((line) => line.trimEnd())).toEqual(['DETECTION ORDER', 'Group #1', '  node@1', '  npm              (Optional)', ''])
  })
})

describe('the list of Images', () => {
  it('has the columns of kp', () => {
    expect(listText('Image', [IMAGE]).map((line) => line.replace(/ +/g, ' '))).toEqual([
      'NAME READY LATEST REASON LATEST IMAGE NAMESPACE', 'test-image False COMMIT,BUILDPACK test-registry.io/test-image-1@sha256:abcdef123 default', '',
    ])
  })

  it.each([
    ['ready=false,unknown', true], ['ready=true', false], ['latest-reason=trigger,commit', true], ['latest-reason=stack', false],
    ['clusterbuilder=some-cluster-builder', true], ['builder=some-cluster-builder', false],
  ])('filters by %s', (filter, isShown) => {
    expect(parseImageFilter(filter)(IMAGE)).toBe(isShown)
  })

  it('refuses other filters', () => {
    expect(() => parseImageFilter('name=x')).toThrow('invalid filter argument "name=x"')
  })
})
