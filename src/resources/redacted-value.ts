/** Replaces a value of a Secret in output. It is not base64: kubectl refuses to apply it. */
export const REDACTED = '<redacted>'

/** The advice if a document with it is applied. */
export const REDACTED_HINT = "Export it with --with-secrets, or remove the Secret from the file: the stored one stays."
