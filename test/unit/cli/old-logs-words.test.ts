import { describe, expect, it } from 'vitest'
import { convertOldLogs } from '../../../src/cli/old-logs-words.ts'
import { parseCommandLine } from '../../../src/cli/program.ts'

describe("a command line of kpack's old logs tool", () => {
  it.each([
    ['logs -image shop -build 1 -namespace dev', 'logs shop --build 1 --namespace dev --follow'],
    ['logs --image=shop -build=1', 'logs shop --build 1 --follow'],
    ['--verbose logs -image shop', '--verbose logs shop --follow'],
    ['logs -image', 'logs --image --follow'],
  ])('becomes one of cnb logs: %s', (old, now) => {
    expect(convertOldLogs(old.split(' ')).join(' ')).toBe(now)
  })

  it.each(['logs shop --build 1 --namespace dev', 'logs shop -b 1 -n dev -f', 'build -image shop', 'get -image logs'])('leaves %s as it is', (line) => {
    expect(convertOldLogs(line.split(' ')).join(' ')).toBe(line)
  })

  it('is a command line of cnb', () => {
    expect(parseCommandLine(['logs', '-image', 'shop', '-build', '1', '-namespace', 'dev'])).toMatchObject({
      kind: 'run', given: ['shop'], values: { build: 1, namespace: 'dev', follow: true },
    })
  })

  it("ignores the address of a cluster, and says so", () => {
    expect(parseCommandLine(['logs', '-image', 'shop', '-kubeconfig', '/my/config'])).toMatchObject({
      kind: 'run', given: ['shop'], notes: ['--kubeconfig has no effect: cnb needs no cluster'],
    })
  })
})
