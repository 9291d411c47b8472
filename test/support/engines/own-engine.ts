/** Whether the engine under test is one that test/support/engines/engine-up started, which nobody else uses. */
export const IS_OWN_ENGINE = process.env['DOCKER_HOST']?.startsWith('unix:///run/cnb-engines/') === true
