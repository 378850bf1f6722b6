export type ControlPlaneErrorCode =
  /** No cluster named, no binaries, nothing cached, nothing to build with. */
  | 'NoControlPlane'
  /** KUBEBUILDER_ASSETS lacks a program that is needed. */
  | 'IncompleteAssets'
  | 'BadVersion'
  /** What was found is of another version than the one asked for. */
  | 'VersionMismatch'
  | 'BuildFailed'
  | 'PartFailed'
  | 'NotReady'
  /** Asked of a cluster that is not ours to stop or to configure. */
  | 'ExternalCluster';

/** Why there is no control plane, or why it cannot do what was asked; one line that names the remedy. */
export class ControlPlaneError extends Error {
  override readonly name = 'ControlPlaneError';
  readonly code: ControlPlaneErrorCode;

  constructor(code: ControlPlaneErrorCode, message: string) {
    super(`${message} [${code}]`);
    this.code = code;
  }
}
