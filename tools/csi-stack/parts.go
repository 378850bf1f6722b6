//go:build parts

// Package parts names the programs of others that belong to the CSI stack, so that `go mod tidy` keeps
// what they need. It is never compiled: the programs are built by their own import paths.
package parts

import (
	_ "github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity"
	_ "github.com/kubernetes-csi/external-snapshotter/v8/cmd/csi-snapshotter"
	_ "github.com/kubernetes-csi/external-snapshotter/v8/cmd/snapshot-controller"
)
