/** Handler of `cnb inspect`. */

import { inspect, type InspectOptions } from '../../operations/inspect/inspect.ts'
import type { Handler } from '../command.ts'
import { inspectionText } from './inspect-text.ts'

type Values = Omit<InspectOptions, 'image' | 'local'> & { readonly layers?: boolean }

export const runInspect: Handler<Values> = async (image, { layers, ...values }, session) => {
  if (layers) {
    const [{ inspectLayers }, { layerSizesText }] = await Promise.all([import('../../operations/inspect/layer-sizes.ts'), import('./layer-sizes-text.ts')])
    const sizes = await inspectLayers({ image, ...values }, session, session.context)
    return { data: sizes, line: sizes.id, text: (theme) => layerSizesText(sizes, theme) }
  }
  const inspection = await inspect({ image, ...values }, session, session.context)
  return { data: inspection, line: inspection.id, text: (theme) => inspectionText(inspection, theme) }
}
