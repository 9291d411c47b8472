/** The option for the media type of an index. */

export const listFormat = {
  kind: 'choice',
  choices: ['oci', 'docker'],
  defaultIs: "the list's, otherwise oci",
  flags: '-f, --format <format>',
  description: 'media type of the index',
} as const
