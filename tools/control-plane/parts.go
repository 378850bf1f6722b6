//go:build parts

// Package parts names the programs of the control plane, so that `go mod tidy` keeps what they need.
// It is never compiled: the programs are built by their own import paths.
package parts

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
