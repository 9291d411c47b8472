/** When images are pulled, and finding one under such a policy. */

/** `always` asks the registry each time, `if-not-present` only for what the engine lacks, `never` not at all. */
export type PullPolicy = 'always' | 'if-not-present' | 'never'

export const PULL_POLICIES: readonly PullPolicy[] = ['always', 'if-not-present', 'never']
