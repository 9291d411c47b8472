/** Handler of `cnb sbom download`. */

import { downloadSbom, type DownloadSbomOptions } from '../../../operations/inspect/download-sbom.ts'
import { formatBytes } from '../../../ui/quantity.ts'
import { formatTable } from '../../../ui/table.ts'
import type { Handler } from '../../command.ts'

export const runDownloadSbom: Handler<Omit<DownloadSbomOptions, 'image' | 'local'>> = async (image, values, session) => {
  const download = await downloadSbom({ image, ...values }, session, session.context)
  const { directory, files } = download
  return {
    data: download,
    line: directory,
    text: (theme) =>
      [
        `${theme.success('Wrote')} ${files.length === 1 ? 'a file' : `${files.length} files`} of ${theme.name(image)} below ${theme.name(directory)}`,
        ...formatTable([{ title: 'SIZE', align: 'right' }, { title: 'FILE' }], files.map(({ path, size }) => [formatBytes(size), path]), theme),
      ].join('\n'),
  }
}
