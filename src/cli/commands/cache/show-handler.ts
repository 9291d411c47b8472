/** Handlers of `cnb cache ls` and `cnb cache du`. */

import { type Caches, findCaches } from '../../../operations/cache/find-caches.ts'
import type { Outcome } from '../../../ui/reporter.ts'
import type { Handler } from '../../command.ts'
import { cachesDocument } from './caches-document.ts'
import { listText, usageText } from './caches-text.ts'

export const runListCaches: Handler<{ readonly size?: boolean | undefined }> = async (_, { size = false }, { services, context }) => {
  const caches = await findCaches(await services(), size, context)
  return { ...shown(caches), text: (theme) => listText(caches, size, theme, Date.now()) }
}

export const runMeasureCaches: Handler<object> = async (_, _values, { services, context }) => {
  const caches = await findCaches(await services(), true, context)
  return { ...shown(caches), text: (theme) => usageText(caches, theme) }
}

function shown(caches: Caches): Pick<Outcome, 'data' | 'line'> {
  return { data: cachesDocument(caches), line: caches.images.map(({ image }) => image).join('\n') }
}
