/** Credentials that can't be used as they are: one line that names the flag, file or variable and what to do. */
export class UnusableCredentials extends Error {
  override readonly name = 'UnusableCredentials';
}

/** @returns the same reader, whose errors are one line that ends in what to do */
export function explained<T>(read: () => Promise<T>, what: string, cure: string): () => Promise<T> {
  return async () => {
    try {
      return await read();
    } catch (error) {
      if (error instanceof UnusableCredentials) throw error;
      throw new UnusableCredentials(`${what}: ${firstLine(error)}; ${cure}`, { cause: error });
    }
  };
}

/** A YAML parser's message goes on with an excerpt of the file, which may hold a token. */
function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n', 1)[0] ?? '';
}
