/** Handler of `cnb doctor`. */

import { ERRORS } from '../../../base/errors.ts'
import { diagnose, type Diagnosis, type DoctorOptions, doctorServices } from '../../../operations/about/doctor/doctor.ts'
import type { HandlerOfSeveral } from '../../command.ts'
import { diagnosisSummary, diagnosisText } from './doctor-text.ts'

export const runDoctor: HandlerOfSeveral<Omit<DoctorOptions, 'targets'>> = async (targets, options, { remote, context }) => {
  const diagnosis = await diagnose({ ...options, targets }, doctorServices(remote), context)
  return {
    data: diagnosis,
    line: diagnosisSummary(diagnosis),
    text: (theme) => diagnosisText(diagnosis, theme),
    exit: exitOf(diagnosis),
  }
}

function exitOf({ canBuild, checks }: Diagnosis): number {
  if (canBuild) return 0
  return checks.some(({ check, status }) => check === 'engine' && status === 'problem') ? ERRORS.CNB_ENGINE_UNREACHABLE.exit : 1
}
