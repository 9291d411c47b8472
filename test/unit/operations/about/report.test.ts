import { describe, expect, it } from 'vitest'
import { redactConfig } from '../../../../src/operations/about/report.ts'
import { parseToml } from '../../../../src/formats/toml.ts'

describe('the configuration in a report', () => {
  it('has no names, addresses and comments', async () => {
    const text = `# secret.example\ndefault-builder-image = "secret.example/b"\npull-policy = "never"\nexperimental = true\n
[[run-images]]\nimage = "secret.example/r"\nmirrors = [\n  "secret.example/m", # secret.example\n  'secret.example/n',\n]\n
[registry-mirrors]\n"secret.example" = "secret.example/mirror"\n`
    const redacted = await redactConfig(text, 'config.toml')
    expect(redacted).not.toContain('secret')
    expect(parseToml(redacted, 'redacted')).toEqual({
      'default-builder-image': '[REDACTED]', 'pull-policy': 'never', experimental: true,
      'run-images': [{ image: '[REDACTED]', mirrors: ['[REDACTED]', '[REDACTED]'] }],
      'registry-mirrors': { '[REDACTED] 1': '[REDACTED]' },
    })
  })

  it('is only the place of the fault if the file is not TOML', async () => {
    expect(await redactConfig('a = 1\nname = secret\n', 'config.toml')).toBe('(not valid TOML in line 2)')
  })
})
