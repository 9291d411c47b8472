/** Options for reports of a command: files for jobs of CI systems, and times. */

export const reports = {
  summaryFile: { kind: 'text', flags: '--summary-file <file>', description: 'file to append a summary in Markdown to' },
  resultFile: { kind: 'text', flags: '--result-file <file>', description: 'file to write the JSON result or error to' },
  timings: { kind: 'flag', flags: '--timings', description: 'show the times of phases, steps and pulls' },
} as const
