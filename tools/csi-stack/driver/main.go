// Command driver is a CSI driver whose volumes and snapshots are directories with real bytes.
//
// The published drivers (csi-driver-host-path and the like) are programs of modules that the Go module
// proxy does not offer, and the mock driver of the Kubernetes end-to-end tests keeps its snapshots in
// memory, where no test can see whether bytes outlived their volume. So this one was written for the tests.
//
// All its state is on disk, below the directory --root:
//
//	volumes/<handle>/{meta.json,data/}    snapshots/<handle>/{meta.json,data/}    fail/<Method> (faults.go)
//
// Whatever appears or disappears there does so by one rename: the driver may be killed at any time.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
)

type driver struct {
	csi.UnimplementedIdentityServer
	csi.UnimplementedControllerServer
	csi.UnimplementedNodeServer

	name  string
	store *store
}

func main() {
	name := flag.String("name", "directories.csi.test", "the driver's name")
	root := flag.String("root", "", "directory of the volumes and snapshots, made when missing")
	socket := flag.String("socket", "", "path of the unix socket to serve at")
	flag.Parse()
	if err := serve(*name, *root, *socket); err != nil {
		fmt.Fprintln(os.Stderr, "Error: driver:", err)
		os.Exit(1)
	}
}

func serve(name, root, socket string) error {
	if root == "" || socket == "" {
		return errors.New("--root and --socket are needed")
	}
	store, err := openStore(root)
	if err != nil {
		return err
	}
	faults, err := openFaults(root)
	if err != nil {
		return err
	}
	// One that was killed leaves its socket behind.
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	d := &driver{name: name, store: store}
	server := grpc.NewServer(grpc.UnaryInterceptor(faults.intercept))
	csi.RegisterIdentityServer(server, d)
	csi.RegisterControllerServer(server, d)
	csi.RegisterNodeServer(server, d)

	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-ended
		// Not gracefully: a call that hangs on purpose would never let it end.
		server.Stop()
	}()
	return server.Serve(listener)
}
