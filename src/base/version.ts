/** What this program is called in the things it writes, and its version; a test keeps it the same as package.json's. */

export const NAME = 'cnb'
export const VERSION = '0.1.0'
