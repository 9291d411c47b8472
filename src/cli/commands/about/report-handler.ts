/** Handler of `cnb report`. */

import { makeReport } from '../../../operations/about/report.ts'
import { NAME } from '../../../base/version.ts'
import type { Handler } from '../../command.ts'

export const runReport: Handler<{ explicit?: boolean }> = async (_argument, { explicit = false }, { host, context }) => {
  const report = await makeReport({ explicit }, host, context)
  const { version, node, platform, platformApis, config } = report
  return {
    data: report,
    line: version,
    text: () =>
      [
        `${NAME}:`,
        ...[`Version:  ${version}`, `OS/Arch:  ${platform}`, `Node.js:  ${node}`].map((line) => `  ${line}`),
        '',
        `Supported Platform APIs:  ${platformApis.join(', ')}`,
        '',
        'Config:',
        ...(config.text === undefined ? [`(no config file found at ${config.file})`] : config.text.trimEnd().split('\n').map((line) => `  ${line}`.trimEnd())),
      ].join('\n'),
  }
}
