/** The test of each check of docs/conformance.md; a unit test verifies it. */

/** A test file below test/, and a part of a title in it. */
type Place = readonly [file: string, title: string]

export type Check =
  /** Tested with both drivers in test/e2e/conformance/conformance-*.test.ts or the given file; titles begin with the numbers. */
  | { readonly tested: 'both drivers'; readonly in?: string }
  /** Tested by tests of code that both drivers share, or that cover more than this check. */
  | { readonly tested: 'elsewhere'; readonly by: readonly Place[] }
  /** Not supported by the stock driver. */
  | { readonly tested: 'native only'; readonly by: readonly Place[] }

const both = (file?: string): Check => ({ tested: 'both drivers', ...(file === undefined ? {} : { in: file }) })
const by = (...places: Place[]): Check => ({ tested: 'elsewhere', by: places })
const nativeOnly = (...places: Place[]): Check => ({ tested: 'native only', by: places })

export const CHECKS: Readonly<Record<number, Check>> = {
  1: both(),
  2: by(['unit/builder/read-builder.test.ts', 'api'], ['e2e/build/build-failures.test.ts', 'rejects a builder with only unsupported Platform APIs']),
  3: by(['e2e/build/build-options.test.ts', 'is described by --output json']),
  4: by(['unit/lifecycle/phase.test.ts', 'creator']),
  5: both(),
  6: by(['unit/builder/read-builder.test.ts', 'no CNB_USER_ID'], ['e2e/build/build-failures.test.ts', 'rejects a user that is not a number']),
  7: both(),
  8: nativeOnly(['e2e/build/publish.test.ts', 'reads a run image in its registry'], ['e2e/rebase/rebase-publish.test.ts', 'rebases all images of an index']),
  9: both(), 10: both(), 11: both(), 12: both(), 13: both(),
  14: both('e2e/build/hostile.test.ts'),
  15: nativeOnly(
    ['unit/registry/auth/keychain.test.ts', 'prefers CNB_REGISTRY_AUTH for its hosts over all files'],
    ['e2e/build/publish.test.ts', 'hides credentials from the build'],
  ),
  16: by(
    ['unit/registry/auth/keychain.test.ts', 'prefers credHelpers, then credsStore, then auths, with fallback'],
    ['unit/registry/auth/authentication.test.ts', 'requests an anonymous token, for pull only'],
  ),
  17: both(), 18: both(), 19: both(), 20: both(), 21: both(), 22: both(), 23: both(), 24: both(), 25: both(), 26: both(),
  27: both(), 28: both(), 29: both(), 30: both(), 31: both(),
  32: by(['e2e/build/build-failures.test.ts', 'reports a missing run image by name']),
  33: nativeOnly(
    ['e2e/build/publish.test.ts', '#33 mounts layers of a --previous-image in another repository, and copies those in another registry'],
    ['e2e/build/publish.test.ts', '#33 reports a --previous-image without read access before the build'],
  ),
  34: both(), 35: both(), 36: both(), 37: both(), 38: both(), 39: both(), 40: both(),
  41: both(),
  42: both(), 43: both(), 44: both(), 45: both(), 46: both(), 47: both(), 48: both(), 49: both(), 50: both(), 51: both(),
  52: both(), 53: both(), 54: both(), 55: both(), 56: both(), 57: both(), 58: both(), 59: both(),
  60: both('e2e/conformance/parity.test.ts'),
  61: both(), 62: both(), 63: both(), 64: both(),
  65: nativeOnly(
    ['e2e/conformance/layout.test.ts', '#65 saves images where the lifecycle saves them'],
    ['unit/images/oci-layout/layout-repository.test.ts', 'as the lifecycle does'],
  ),
  66: nativeOnly(
    ['unit/registry/transport/transport.test.ts', 'accepts any certificate for an insecure registry only'],
    ['unit/registry/transport/proxies.test.ts', 'never uses plain HTTP for a secure registry'],
  ),
  67: both('e2e/build/caches.test.ts'),
  68: both('e2e/build/caches.test.ts'),
  69: nativeOnly(['e2e/build/cache-image.test.ts', 'is restored by the stock restorer']),
  70: both('e2e/conformance/parity.test.ts'),
  71: both(),
  72: both('e2e/build/caches.test.ts'),
  73: both(), 74: both(), 75: both(),
  76: by(
    ['unit/images/find/run-image.test.ts', "puts the app's registry first"],
    ['unit/images/find/run-image.test.ts', 'tries the next name if an image cannot be pulled'],
    ['e2e/cli/config-file.test.ts', 'sets builder, pull policy and mirrors of run images for a build'],
  ),
  77: by(['e2e/rebase/rebase.test.ts', 'moves the app to its new run image']),
  78: by(['e2e/rebase/rebase.test.ts', 'rejects a run image of another name'], ['e2e/rebase/rebase.test.ts', 'rejects another architecture'], ['unit/images/rebase/rebase-rules.test.ts', 'stack']),
  79: by(['e2e/rebase/rebase.test.ts', 'moves the app to its new run image'], ['unit/images/rebase/rebase-plan.test.ts', 'label']),
  80: by(['e2e/rebase/rebase.test.ts', 'creates a new image from a --previous-image'], ['e2e/rebase/rebase.test.ts', 'keeps the layers for a rebuild']),
  81: by(
    ['unit/buildpacks/packages/read-package.test.ts', 'contains its buildpacks, the main one first'],
    ['unit/operations/packages/package-buildpack.test.ts', 'needs no engine, and is read as the package'],
    ['unit/operations/packages/package-buildpack.test.ts', 'has the same bytes each time'],
  ),
  82: by(
    ['unit/buildpacks/packages/plan-package.test.ts', 'has one layer for each buildpack'],
    ['unit/buildpacks/packages/plan-package.test.ts', 'has all files in one layer'],
    ['unit/buildpacks/packages/plan-package.test.ts', 'cannot have an order entry that no dependency brings'],
    ['unit/buildpacks/packages/plan-package.test.ts', 'cannot have buildpacks without a common stack'],
  ),
  83: by(['e2e/cli/builder-create.test.ts', 'has one image ID'], ['engine/builder/create.test.ts', '']),
  84: nativeOnly(
    ['e2e/build/extensions.test.ts', 'installs packages for the buildpack, which still runs as the build user'],
    ['e2e/build/extensions.test.ts', 'switches to another run image, sets its target for buildpacks'],
    ['e2e/build/extensions.test.ts', 'adds its files as separate layers, and its settings'],
    ['e2e/build/extensions.test.ts', 'with separate contexts and arguments'],
    ['e2e/build/extensions.test.ts', 'fails when it leaves root as the user'],
    ['e2e/build/extensions.test.ts', 'is refused unless each Dockerfile allows it'],
    ['e2e/build/extensions.test.ts', 'with the image of the stock lifecycle except for times'],
  ),
  85: by(
    ['unit/buildpacks/registry/index-entries.test.ts', 'stays in the index for every accepted id'],
    ['unit/buildpacks/registry/index-entries.test.ts', 'returns the highest version without yanked ones'],
    ['unit/buildpacks/registry/buildpack-registries.test.ts', 'resolves a version and the highest version'],
  ),
}
