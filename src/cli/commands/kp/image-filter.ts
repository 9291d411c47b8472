/** The filters of `cnb image list`, as kp reads them. */

import { CnbError } from '../../../base/errors.ts'
import type { ResourceRow } from '../../../ui/resources/resource-row.ts'
import { readyText, textAt } from './kp-text.ts'

type Matches = (row: ResourceRow) => boolean

/** Parses `ready=true,false`, `latest-reason=commit`, `builder=NAME` or `clusterbuilder=NAME`. @throws CnbError CNB_USAGE */
export function parseImageFilter(filter: string): Matches {
  const [, name, value = ''] = /^(builder|clusterbuilder|latest-reason|ready)=(.+)$/.exec(filter) ?? []
  const values = value.toLowerCase().split(',')
  switch (name) {
    case 'builder':
      return refersTo('Builder', value)
    case 'clusterbuilder':
      return refersTo('ClusterBuilder', value)
    case 'ready':
      return (row) => values.includes(readyText(row).toLowerCase())
    case 'latest-reason':
      return (row) => textAt(row, 'status', 'latestBuildReason').toLowerCase().split(',').some((reason) => values.includes(reason))
    default:
      throw new CnbError('CNB_USAGE', `invalid filter argument "${filter}"`, { hint: 'Write builder=, clusterbuilder=, latest-reason= or ready=, and a value.' })
  }
}

function refersTo(kind: string, name: string): Matches {
  return (row) => textAt(row, 'spec', 'builder', 'kind') === kind && textAt(row, 'spec', 'builder', 'name') === name
}
