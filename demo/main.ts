/**
 * The demonstration: npm run demo [-- --keep]
 * A real API server, the operator as its ServiceAccount, kubectl; a simulated storage and short days. Exit code 1 where a step
 * did not do what it says, 130 where it was interrupted.
 */
import path from 'node:path';
import { setStage, type ControlPlane, type Stage } from './stage.ts';
import { tell } from './story.ts';
import { Teller } from './teller.ts';

const USAGE = `npm run demo [-- --keep]
  --keep   afterwards, leave control plane and operator running until Ctrl-C, and say how to use them
`;
/** 14 of them are the shortest window there is: long enough for what happens within it even on a slow machine. */
const DAY_SECONDS = 2;
const KEPT_DAY = '1m';

const teller = new Teller(process.stdout, process.env);
let stage: Stage | undefined;
let plane: ControlPlane | undefined;
let closing: Promise<void> | undefined;

/** Once, however often it is asked for; also in the middle of setting up. */
function close(): Promise<void> {
  closing ??= stage === undefined ? (plane?.stop() ?? Promise.resolve()) : stage.close();
  return closing;
}

function introduce(): void {
  teller.say(
    'Reprieve: soft delete for VM backups.',
    '',
    `What follows is real: API server, operator, kubectl. Two things are not. The storage is a simulated one (a file for`,
    `each disk), and a day lasts ${DAY_SECONDS} seconds, so that a window of 14 days ends after ${14 * DAY_SECONDS}.`,
    '',
  );
  teller.aside('Starting etcd, kube-apiserver, kube-controller-manager, and the operator …');
}

async function keep({ plane: { adminKubeconfig, kubectlPath }, slowDown }: Stage): Promise<void> {
  await slowDown(KEPT_DAY);
  teller.say(
    '',
    `All of it keeps running until Ctrl-C, with days of ${KEPT_DAY} from now on (14 minutes to undelete). In another terminal:`,
    '',
    `  export KUBECONFIG=${adminKubeconfig} PATH=${path.dirname(kubectlPath)}:$PATH`,
    '  kubectl apply -f demo/manifests/vault.yaml -f demo/manifests/web.yaml',
    '  kubectl get reprieve,recoverypoints,backupjobs -n backup',
    '  kubectl delete backupitem web -n backup',
    '  kubectl describe backupitem web -n backup',
    `  kubectl patch backupitem web -n backup --type=merge -p '{"spec":{"protection":"StopRetainData"}}'`,
    '  kubectl explain backupitem.spec',
    '',
  );
  // A pending signal handler doesn't keep the process alive by itself.
  await new Promise<never>(() => setInterval(() => undefined, 2 ** 30));
}

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.filter((arg) => arg !== '--keep');
  if (unknown.length > 0) {
    process.stderr.write(USAGE);
    return unknown.includes('--help') ? 0 : 2;
  }
  introduce();
  stage = await setStage(DAY_SECONDS, (started) => (plane = started));
  await tell(teller, stage);
  teller.say('', 'That is all: nothing was lost before its time, and nothing was left behind.');
  if (args.includes('--keep')) await keep(stage);
  return 0;
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.on(signal, () => void close().finally(() => process.exit(code)));
}
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // An interruption ends the story in the middle of a sentence.
  if (closing === undefined) {
    process.exitCode = 1;
    process.stderr.write(`\ndemo: ${error instanceof Error ? error.message : String(error)}\n`);
    if (stage !== undefined)
      process.stderr.write(`\nthe operator's last words:\n${stage.log().split('\n').slice(-20).join('\n')}\n`);
  }
}
await close();
