/** Whether engine-up started the engine under test, so other programs do not use it. */
export const IS_OWN_ENGINE = process.env['DOCKER_HOST']?.startsWith('unix:///run/cnb-engines/') === true
