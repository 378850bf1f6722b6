/** The Dockerfile as its stages and instructions, and what .dockerignore lets through. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './rendered.ts';

export interface Instruction {
  readonly word: string;
  readonly rest: string;
}

export interface Stage {
  readonly image: string;
  readonly instructions: readonly Instruction[];
}

export function stages(): readonly Stage[] {
  const lines = readFileSync(path.join(root, 'Dockerfile'), 'utf8').split('\n');
  const instructions = lines
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const space = line.indexOf(' ');
      return { word: line.slice(0, space), rest: line.slice(space + 1).trim() };
    });
  const starts = instructions.flatMap(({ word }, index) => (word === 'FROM' ? [index] : []));
  return starts.map((start, index) => {
    const [from, ...rest] = instructions.slice(start, starts[index + 1]);
    return { image: from?.rest ?? '', instructions: rest };
  });
}

/** Sources and target of a COPY, and whether they come from another stage. */
export function copyOf({ rest }: Instruction): { sources: readonly string[]; target: string; fromStage: boolean } {
  const words = rest.split(/\s+/).filter((word) => !word.startsWith('--'));
  return { sources: words.slice(0, -1), target: words.at(-1) ?? '', fromStage: rest.includes('--from=') };
}

/** What .dockerignore lets through: it forbids all but these. */
export function letThrough(): readonly string[] {
  const lines = readFileSync(path.join(root, '.dockerignore'), 'utf8').split('\n');
  const rules = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (rules[0] !== '*') throw new Error('.dockerignore must begin with * and name what is let through');
  return rules.slice(1).map((rule) => rule.replace(/^!/, ''));
}
