import { ControlPlaneError } from './error.ts';

/** The one place that says on which Kubernetes the suites run; tools/control-plane/go.mod is generated from it. */
export const DEFAULT_KUBERNETES_VERSION = '1.36.3';

/**
 * The version that was asked for, without a leading v; undefined when none was.
 * @throws ControlPlaneError BadVersion when it is not major.minor.patch.
 */
export function explicitVersion(environment: NodeJS.ProcessEnv): string | undefined {
  const text = environment['REPRIEVE_TEST_KUBE_VERSION'];
  if (text === undefined || text === '') return undefined;
  const version = text.replace(/^v/, '');
  if (!/^1\.\d+\.\d+$/.test(version)) {
    throw new ControlPlaneError(
      'BadVersion',
      `REPRIEVE_TEST_KUBE_VERSION is ${JSON.stringify(text)}: give a full version such as ${DEFAULT_KUBERNETES_VERSION}`,
    );
  }
  return version;
}
