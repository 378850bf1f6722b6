/** Numbers in Prometheus text format. */

/** A line of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function parseSamples(text: string): readonly Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = /^([a-z0-9_:]+)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
    if (name !== undefined) samples.push({ name, labels: labelsOf(labels), value: Number(value) });
  }
  return samples;
}

function labelsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/([a-z0-9_]+)="([^"]*)"/gi)].map(([, name = '', value = '']) => [name, value]),
  );
}

/** Sum over the samples of that name whose labels match: each given one must equal, or be among those given. */
export function total(
  samples: readonly Sample[],
  name: string,
  wanted: Readonly<Record<string, string | readonly string[]>> = {},
): number {
  let sum = 0;
  for (const sample of samples) {
    if (sample.name !== name) continue;
    const fits = Object.entries(wanted).every(([label, value]) => [value].flat().includes(sample.labels[label] ?? ''));
    if (fits) sum += sample.value;
  }
  return sum;
}

/** @throws TypeError where nobody answers */
export async function scrape(url: string): Promise<readonly Sample[]> {
  const response = await fetch(url);
  return parseSamples(await response.text());
}
