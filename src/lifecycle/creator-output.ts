/** `creator` runs all phases in one process; its own headers tell where one ends and the next begins. */

import type { PhaseName } from '../base/events.ts'

const HEADER = /^(?:\u001b\[[0-9;]*m)*===> ([A-Z]+)(?:\u001b\[[0-9;]*m)*$/

const PHASES: Readonly<Record<string, PhaseName>> = {
  ANALYZING: 'analyzer',
  DETECTING: 'detector',
  RESTORING: 'restorer',
  BUILDING: 'builder',
  EXPORTING: 'exporter',
}

/** The phase that a line of creator's output announces. */
export function phaseAnnounced(line: string): PhaseName | undefined {
  const word = HEADER.exec(line)?.[1]
  return word === undefined ? undefined : PHASES[word]
}
