/** Handler of `cnb sbom convert`. */

import { counted } from '../../../base/counted.ts'
import { convertSbom, type ConvertSbomOptions } from '../../../operations/sbom/convert-sbom.ts'
import type { Handler } from '../../command.ts'

export const runConvertSbom: Handler<Omit<ConvertSbomOptions, 'image'>> = async (image, values, session) => {
  const { text, ...converted } = await convertSbom({ image, ...values }, session, session.context)
  if (text !== undefined) return { data: converted, line: text, text: () => text, exact: true }
  const { file = '', packages } = converted
  return { data: converted, line: file, text: (theme) => `${theme.success('Wrote')} ${counted(packages, 'package')} to ${theme.name(file)}` }
}
