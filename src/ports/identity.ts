/** Names that nobody can predict, and names that everybody can derive. */

/** SHA-256 of a text, in lower-case hex. */
export type Hash = (text: string) => string;

/** A fresh random UUID. */
export type NewID = () => string;
