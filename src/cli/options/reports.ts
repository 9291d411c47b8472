/** Options for jobs of CI systems: files that a command writes besides its output. */

export const reportFiles = {
  summaryFile: { kind: 'text', flags: '--summary-file <file>', description: 'file to append a summary in Markdown to' },
  resultFile: { kind: 'text', flags: '--result-file <file>', description: 'file to write the JSON result or error to' },
} as const
