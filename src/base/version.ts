/** The program's name and version as written to images; a test compares them with package.json. */

export const NAME = 'cnb'
export const VERSION = '0.1.0'
