/** What `kp … list` and `kp … status` print. */

import type { ResourceRow } from '../../../ui/resources/resource-row.ts'
import { conditionAt, kpBlock, kpTable, listAt, readyText, textAt } from './kp-text.ts'

export function listText(kind: string, rows: readonly ResourceRow[]): string[] {
  const [headings, cells] = TABLES[kind] ?? FALLBACK
  return kpTable(headings, rows.map((row) => [row.metadata.name, ...cells(row)]))
}

type Table = readonly [headings: readonly string[], cells: (row: ResourceRow) => readonly string[]]

const FALLBACK: Table = [['NAME', 'READY'], (row) => [readyText(row)]]
const BUILDERS: Table = [['NAME', 'READY', 'STACK', 'IMAGE'], (row) => [readyText(row).toLowerCase(), textAt(row, 'status', 'stack', 'id'), textAt(row, 'status', 'latestImage')]]

const TABLES: Readonly<Record<string, Table>> = {
  Image: [
    ['NAME', 'READY', 'LATEST REASON', 'LATEST IMAGE', 'NAMESPACE'],
    (row) => [readyText(row), textAt(row, 'status', 'latestBuildReason'), textAt(row, 'status', 'latestImage'), row.metadata.namespace ?? ''],
  ],
  ClusterStack: [['NAME', 'READY', 'ID'], (row) => [readyText(row), textAt(row, 'status', 'id')]],
  ClusterLifecycle: [['NAME', 'READY', 'VERSION', 'IMAGE'], (row) => [readyText(row), textAt(row, 'status', 'version'), textAt(row, 'status', 'image', 'latestImage')]],
  ClusterBuildpack: [['NAME', 'READY', 'IMAGE'], (row) => [readyText(row), textAt(row, 'spec', 'image')]],
  Builder: BUILDERS,
  ClusterBuilder: BUILDERS,
}

/** @param builds of an Image, the oldest first */
export function statusText(row: ResourceRow, builds: readonly ResourceRow[], verbose: boolean): string[] {
  switch (row.kind) {
    case 'Image':
      return imageStatus(row, builds)
    case 'ClusterStack':
      return kpBlock('', [
        ['Status', statusOf(row)],
        ['Id', textAt(row, 'status', 'id')],
        ['Run Image', textAt(row, 'status', 'runImage', 'latestImage')],
        ['Build Image', textAt(row, 'status', 'buildImage', 'latestImage')],
        ...(verbose ? [['Mixins', listAt(row, 'status', 'mixins').join(', ')] as const] : []),
      ])
    case 'ClusterLifecycle':
      return kpBlock('', [
        ['Status', statusOf(row)],
        ['Image', textAt(row, 'status', 'image', 'latestImage')],
        ['Version', textAt(row, 'status', 'version')],
        ...(verbose
          ? (['Supported', 'Deprecated'] as const).map((which) => [`${which} Buildpack APIs`, listAt(row, 'status', 'apis', 'buildpack', which.toLowerCase()).join(', ')] as const)
          : []),
      ])
    case 'Builder':
    case 'ClusterBuilder':
      return builderStatus(row)
    default:
      return [...kpBlock('', [['Status', statusOf(row)]]), ...packagesOf(row, verbose)]
  }
}

function statusOf(row: ResourceRow): string {
  const ready = readyText(row)
  return ready === 'True' ? 'Ready' : ready === 'False' ? `Not Ready - ${textAt(conditionAt(row, 'Ready'), 'message')}` : 'Unknown'
}

function imageStatus(row: ResourceRow, builds: readonly ResourceRow[]): string[] {
  const builderName = textAt(row, 'spec', 'builder', 'name')
  const builderReady = conditionAt(row, 'BuilderReady')
  const isBuilderReady = builderReady === undefined || builderReady['status'] === 'True'
  const ready = conditionAt(row, 'Ready')?.['status']
  const status = !isBuilderReady || ready === 'False' ? 'Not Ready' : ready === 'True' ? 'Ready' : ready === 'Unknown' ? 'Building' : 'Unknown'
  const reason = textAt(isBuilderReady ? conditionAt(row, 'Ready') : builderReady, 'reason')
  const message = reason === 'BuilderNotFound' ? `Builder '${builderName}' not found` : reason === 'BuilderNotReady' ? `Builder '${builderName}' not ready` : ''
  const [succeeded, failed] = ['True', 'False'].map((wanted) => builds.findLast((build) => conditionAt(build, 'Succeeded')?.['status'] === wanted))
  return [
    ...kpBlock('', [['Status', status], ['Message', status === 'Not Ready' ? message : ''], ['LatestImage', isBuilderReady ? textAt(row, 'status', 'latestImage') : '']]),
    ...kpBlock('Source', sourceOf(row)),
    ...kpBlock('Builder Ref', [['Name', builderName], ['Kind', textAt(row, 'spec', 'builder', 'kind')]]),
    ...kpBlock('Last Successful Build', buildItems(succeeded)),
    ...(succeeded ? kpTable(['BUILDPACK ID', 'BUILDPACK VERSION', 'HOMEPAGE'], metadataRows(listAt(succeeded, 'status', 'buildMetadata'))) : []),
    ...kpBlock('Last Failed Build', buildItems(failed)),
  ]
}

/** A registry source is what kp uploads a directory to. */
function sourceOf(row: ResourceRow): [string, string][] {
  const at = (...path: string[]): string => textAt(row, 'spec', 'source', ...path)
  if (at('git', 'url') !== '') return [['Type', 'GitUrl'], ['Url', at('git', 'url')], ['Revision', at('git', 'revision')]]
  return at('blob', 'url') !== '' ? [['Type', 'Blob'], ['Url', at('blob', 'url')]] : [['Type', 'Local Source']]
}

function buildItems(build: ResourceRow | undefined): [string, string][] {
  const revision = textAt(build, 'spec', 'source', 'git', 'revision')
  return [
    ['Id', build?.metadata.labels?.['image.kpack.io/buildNumber'] ?? ''],
    ['Build Reason', build?.metadata.annotations?.['image.kpack.io/reason'] ?? ''],
    ...(revision === '' ? [] : [['Git Revision', revision] as [string, string]]),
  ]
}

function metadataRows(buildpacks: readonly unknown[]): string[][] {
  return buildpacks.map((each) => ['id', 'version', 'homepage'].map((key) => textAt(each, key)))
}

function builderStatus(row: ResourceRow): string[] {
  const ready = conditionAt(row, 'Ready')
  if (ready === undefined) return kpBlock('', [['Status', 'Unknown']])
  if (ready['status'] !== 'True') return kpBlock('', [['Status', 'Not Ready'], ['Reason', textAt(ready, 'message')]])
  const references = listAt(row, 'spec', 'order').flatMap((entry) => listAt(entry, 'group')).filter((entry) => textAt(entry, 'name') !== '' && textAt(entry, 'kind') !== '')
  const order = listAt(row, 'status', 'order').flatMap((entry, index) => [[`Group #${index + 1}`, ''], ...listAt(entry, 'group').map(orderRow)])
  return [
    ...kpBlock('', [
      ['Status', 'Ready'],
      ['Image', textAt(row, 'status', 'latestImage')],
      ['Stack ID', textAt(row, 'status', 'stack', 'id')],
      ['Run Image', textAt(row, 'status', 'stack', 'runImage')],
    ]),
    ...kpBlock('', ['Stack', 'Store'].flatMap((which): [string, string][] => {
      const at = (key: string): string => textAt(row, 'spec', which.toLowerCase(), key)
      return [[`${which} Ref`, ' '], ['  Name', at('name')], ['  Kind', at('kind')]]
    })),
    ...kpTable(['BUILDPACK ID', 'VERSION', 'HOMEPAGE'], metadataRows(listAt(row, 'status', 'builderMetadata'))),
    ...(references.length > 0 ? kpTable(['BUILDPACK NAME', 'BUILDPACK KIND'], references.map((entry) => [textAt(entry, 'name'), textAt(entry, 'kind')])) : []),
    ...kpTable(['DETECTION ORDER', ''], order),
  ]
}

function orderRow(entry: unknown): string[] {
  const version = textAt(entry, 'version')
  return [`  ${textAt(entry, 'id')}${version === '' ? '' : `@${version}`}`, (entry as { optional?: unknown }).optional === true ? '(Optional)' : '']
}

/** The packages of a store; with `verbose`, each with its buildpacks. */
function packagesOf(row: ResourceRow, verbose: boolean): string[] {
  const packages = new Map<string, unknown[]>()
  for (const buildpack of listAt(row, 'status', 'buildpacks')) {
    const [id, version] = ['id', 'version'].map((key) => textAt(buildpack, 'buildpackage', key))
    if (id !== '' || version !== '') packages.set(`${id}@${version}`, [...(packages.get(`${id}@${version}`) ?? []), buildpack])
  }
  const sorted = [...packages].sort(([a], [b]) => (a < b ? -1 : 1))
  if (sorted.length === 0) return []
  if (!verbose) return kpTable(['BUILDPACKAGE ID', 'VERSION', 'HOMEPAGE'], sorted.map(([, [first]]) => ['id', 'version', 'homepage'].map((key) => textAt(first, 'buildpackage', key))))
  return sorted.flatMap(([name, buildpacks]) => {
    const isMain = (each: unknown): boolean => `${textAt(each, 'id')}@${textAt(each, 'version')}` === name
    const main = buildpacks.find(isMain)
    return [
      ...kpBlock('', [['Buildpackage', name], ['Image', textAt(main, 'storeImage', 'image')], ['Homepage', textAt(main, 'homepage')]]),
      ...kpTable(['BUILDPACK ID', 'VERSION', 'HOMEPAGE'], metadataRows(buildpacks.filter((each) => !isMain(each)))),
    ]
  })
}
