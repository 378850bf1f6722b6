/**
 * Writes the words that JSON texts of one kind repeat thousands of times (names of fields, enum values, reasons) as two
 * characters each: half of a cached object is such words. The table is learnt from what passes through it and is never
 * forgotten, so that a text is read back by the table that wrote it, in the same process.
 */

/** JSON.stringify escapes control characters: none ever stands in its output, so each begins a token of ours. */
const FIRST = 0x01;
/** The last control character is left to others. */
const FIRSTS = 0x1e;
/** The second character: printable ASCII, so that a text stays one byte per character. */
const SECOND = 0x20;
const SECONDS = 95;
/** What one process of ours sees are some 300; labels of users must not fill the memory. */
const MOST_WORDS = FIRSTS * SECONDS;

/**
 * Names of fields and labels, and values that are one CamelCase word (enums, kinds, reasons), qualified (finalizers, versions) or
 * sentences without names in them; names of objects are neither. Wherever it matches, also inside a string, the token reads back
 * as the same characters.
 */
const WORD = /"(?:[A-Za-z][A-Za-z./-]*":|[A-Z][A-Za-z]+"|[a-z]+\.[a-z.]+\/[a-z0-9-]+"|[a-z]+(?: [a-z]+)+")/g;
const TOKEN = /[\x01-\x1e]./g;

export class WordTable {
  readonly #tokens = new Map<string, string>();
  readonly #words: string[] = [];

  /** @param json an output of JSON.stringify without indentation */
  shorten(json: string): string {
    return json.replace(WORD, (word) => this.#tokens.get(word) ?? this.#learn(word));
  }

  /** @param text made by {@link shorten} of this table */
  restore(text: string): string {
    return text.replace(TOKEN, (token) => {
      const index = (token.charCodeAt(0) - FIRST) * SECONDS + token.charCodeAt(1) - SECOND;
      return this.#words[index] ?? token;
    });
  }

  /** @returns its new token, or the word itself where the table is full */
  #learn(word: string): string {
    const index = this.#words.length;
    if (index >= MOST_WORDS) return word;
    // A match is a slice that keeps the whole text alive.
    const flat = Buffer.from(word, 'latin1').toString('latin1');
    const token = String.fromCharCode(FIRST + Math.floor(index / SECONDS), SECOND + (index % SECONDS));
    this.#words.push(flat);
    this.#tokens.set(flat, token);
    return token;
  }
}
