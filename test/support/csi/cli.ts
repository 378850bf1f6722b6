/**
 * The CSI stack by hand:
 *   node test/support/csi/cli.ts       finds or builds its programs, and says where they are
 */
import { findCSIBinaries } from './binaries.ts';

const say = (line: string) => void process.stdout.write(`${line}\n`);

try {
  const { source, driver } = await findCSIBinaries(process.env, say);
  say(`${source}: ${driver}`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
