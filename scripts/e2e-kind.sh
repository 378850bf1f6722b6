#!/usr/bin/env bash
# The end-to-end suite on a kind cluster: builds the image, makes a cluster of its own, installs overlays/kind, runs the suite.
# Needs docker, kind and kubectl. REPRIEVE_E2E_DAY_LENGTH (default 2s) is how long a day lasts; REPRIEVE_E2E_KEEP=1 keeps the cluster.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cluster=reprieve-e2e
day_length=${REPRIEVE_E2E_DAY_LENGTH:-2s}

for program in docker kind kubectl; do
  if ! command -v "$program" >/dev/null; then
    echo "e2e-kind: $program is not on PATH: install it" >&2
    exit 1
  fi
done

directory=$(mktemp -d)
kubeconfig=$directory/kubeconfig

finish() {
  local code=$?
  if ((code != 0)) && [[ -e $kubeconfig ]]; then
    kubectl --kubeconfig "$kubeconfig" -n reprieve-system get pods -o wide || true
    kubectl --kubeconfig "$kubeconfig" -n reprieve-system logs deployment/reprieve --tail=100 || true
  fi
  if [[ ${REPRIEVE_E2E_KEEP:-} == 1 ]]; then
    echo "e2e-kind: the cluster stays: KUBECONFIG=$kubeconfig; away with it: kind delete cluster --name $cluster"
  else
    kind delete cluster --name "$cluster" || true
    rm -rf -- "$directory"
  fi
  exit "$code"
}

if kind get clusters | grep -qx "$cluster"; then
  echo "e2e-kind: there is a cluster $cluster already: kind delete cluster --name $cluster" >&2
  exit 1
fi
trap finish EXIT

# A named cluster: no control plane has to be built.
REPRIEVE_TEST_KUBECONFIG=$kubeconfig node scripts/setup.mjs
docker build -t reprieve:kind .
kind create cluster --name "$cluster" --kubeconfig "$kubeconfig" --wait 120s
kind load docker-image reprieve:kind --name "$cluster"
kubectl --kubeconfig "$kubeconfig" apply --server-side -k manifests/overlays/kind
# The overlay's own day is a minute, and nobody wants to wait for fourteen of them.
kubectl --kubeconfig "$kubeconfig" -n reprieve-system patch deployment reprieve --type=json -p "[
  {\"op\": \"test\", \"path\": \"/spec/template/spec/containers/0/args/0\", \"value\": \"--day-length=1m\"},
  {\"op\": \"replace\", \"path\": \"/spec/template/spec/containers/0/args/0\", \"value\": \"--day-length=$day_length\"}
]"
kubectl --kubeconfig "$kubeconfig" -n reprieve-system rollout status deployment/reprieve --timeout=180s

REPRIEVE_E2E_KUBECONFIG=$kubeconfig node_modules/.bin/node node_modules/vitest/vitest.mjs run --project e2e test/e2e/life-cycle.test.ts
