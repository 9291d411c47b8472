/** Options that commands for lists of images share. */

export const listFormat = {
  kind: 'choice',
  choices: ['oci', 'docker'],
  defaultIs: "the list's, otherwise oci",
  flags: '-f, --format <format>',
  description: 'media type of the index',
} as const

export const insecure = { kind: 'flag', flags: '--insecure', description: 'push over plain HTTP or with any certificate' } as const
