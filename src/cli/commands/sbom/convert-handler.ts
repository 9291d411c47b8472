/** Handler of `cnb sbom convert`. */

import { counted } from '../../../base/counted.ts'
import { convertSbom, type ConvertSbomOptions } from '../../../operations/sbom/convert-sbom.ts'
import { escapeDocument } from '../../../ui/reporters/json.ts'
import type { Handler } from '../../command.ts'

export const runConvertSbom: Handler<Omit<ConvertSbomOptions, 'image'>> = async (image, values, session) => {
  const { text, ...converted } = await convertSbom({ image, ...values }, session, session.context)
  if (text !== undefined) {
    // Names of packages may have control characters.
    const shown = escapeDocument(text)
    return { data: converted, line: shown, text: () => shown, exact: true }
  }
  const { file = '', packages } = converted
  return { data: converted, line: file, text: (theme) => `${theme.success('Wrote')} ${counted(packages, 'package')} to ${theme.name(file)}` }
}
