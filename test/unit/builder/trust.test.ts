import { expect, test } from 'vitest'
import { isTrusted } from '../../../src/builder/trust.ts'

test.each([
  ['heroku/builder:24', true],
  ['docker.io/heroku/builder:24', true],
  [`heroku/builder:24@sha256:${'a'.repeat(64)}`, true],
  ['heroku/builder', false],
  ['heroku/builder:19', false],
  ['paketobuildpacks/builder-jammy-base', true],
  ['paketobuildpacks/builder-jammy-base:latest', true],
  ['paketobuildpacks/builder-jammy-base:0.4.1', true],
  [`index.docker.io/paketobuildpacks/builder-jammy-base@sha256:${'a'.repeat(64)}`, true],
  ['registry.example/paketobuildpacks/builder-jammy-base', false],
  ['gcr.io/buildpacks/builder:google-22', true],
  ['buildpacks/builder:google-22', false],
])('%s is trusted: %s', (builder, trusted) => {
  expect(isTrusted(builder)).toBe(trusted)
})
