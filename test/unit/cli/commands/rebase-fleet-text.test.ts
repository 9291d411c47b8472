import { describe, expect, it } from 'vitest'
import { CnbError } from '../../../../src/base/errors.ts'
import { fleetFailures, fleetText } from '../../../../src/cli/commands/rebase-fleet-text.ts'
import type { RebaseReport } from '../../../../src/operations/rebase/rebase-many.ts'
import { sanitizeText } from '../../../../src/ui/sanitize.ts'
import { makeTheme } from '../../../../src/ui/theme.ts'

const digest = `sha256:${'ab'.repeat(32)}`
const rebased: RebaseReport = { image: 'r.example/app:1', status: 'rebased', runImage: 'r.example/run', reference: `r.example/app@${digest}`, durationMs: 5 }
const failed = (image: string): RebaseReport => ({ image, status: 'failed', durationMs: 5, error: new CnbError('CNB_REGISTRY_DENIED', 'no entry', { hint: 'Log in.' }) })
const counts = { total: 3, rebased: 1, outdated: 0, unchanged: 0, skipped: 0, failed: 2, durationMs: 1500 }

describe('fleetText', () => {
  it('formats a table with the counts last and a shared run image once', () => {
    const text = fleetText({ images: [rebased, failed('r.example/b:1'), failed('c')], summary: counts }, makeTheme(false))
    expect(text.split('\n')).toEqual([
      '  IMAGE            RESULT   DETAIL',
      '  r.example/app:1  rebased  abababababab',
      '  r.example/b:1    failed   CNB_REGISTRY_DENIED',
      '  c                failed   CNB_REGISTRY_DENIED',
      '',
      "Run image 'r.example/run'",
      '3 images in 1.5s: 1 rebased, 2 failed',
    ])
  })

  it('shows the run image in each row if there are several', () => {
    const other = { ...rebased, image: 'b', runImage: 'r.example/other' }
    expect(fleetText({ images: [rebased, other], summary: counts }, makeTheme(false))).toMatch(/RUN IMAGE[^]*r\.example\/run [^]*r\.example\/other/)
  })

  it('colors the status and keeps columns aligned', () => {
    const text = fleetText({ images: [rebased, failed('c')], summary: counts }, makeTheme(true))
    expect(sanitizeText(text)).toContain('  c                failed   CNB_REGISTRY_DENIED')
    expect(text).toContain(makeTheme(true).error('failed'))
  })

  it('reports an empty list', () => {
    expect(fleetText({ images: [], summary: { ...counts, total: 0 } }, makeTheme(false))).toContain('empty')
  })
})

describe('fleetFailures', () => {
  it('reports equal failures once, with the first few images', () => {
    const failures = fleetFailures([rebased, ...['a', 'b', 'c', 'd', 'e'].map(failed)])
    expect(failures).toMatchObject([{ code: 'CNB_REGISTRY_DENIED', message: 'a, b, c and 2 more: no entry', hint: 'Log in.' }])
  })
})
