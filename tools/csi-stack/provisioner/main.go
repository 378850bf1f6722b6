// Command provisioner makes PersistentVolumes for claims by way of a CSI driver, as external-provisioner does.
//
// external-provisioner itself is a program of a module that the Go module proxy does not offer. The library
// below it is to be had: that has the loop over claims and volumes, the retries, the selected node of
// WaitForFirstConsumer, the finalizer of a volume, and the reclaim policy. This program adds what the
// original adds to the library: the calls to the driver, and the rules for where a volume may come from.
// Nothing is mounted or attached where it runs, so it knows no topology, no secrets and no VolumeAttachments.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	snapshot "github.com/kubernetes-csi/external-snapshotter/client/v8/clientset/versioned"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

type settings struct {
	kubeconfig, socket string
	metricsPort        int
	qps                float64
	burst              int
	retryStart         time.Duration
	retryMax           time.Duration
	timeout            time.Duration
}

func main() {
	var s settings
	flag.StringVar(&s.kubeconfig, "kubeconfig", "", "path of a kubeconfig")
	flag.StringVar(&s.socket, "csi-address", "", "path of the driver's unix socket")
	flag.IntVar(&s.metricsPort, "metrics-port", 0, "port of 127.0.0.1 for /metrics; 0 for none")
	flag.Float64Var(&s.qps, "kube-api-qps", 5, "requests per second to the API server")
	flag.IntVar(&s.burst, "kube-api-burst", 10, "requests at once to the API server")
	flag.DurationVar(&s.retryStart, "retry-interval-start", time.Second, "first interval of retries; it doubles")
	flag.DurationVar(&s.retryMax, "retry-interval-max", 5*time.Minute, "longest interval of retries")
	flag.DurationVar(&s.timeout, "timeout", 10*time.Second, "of each call to the driver")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "Error: provisioner:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	if s.kubeconfig == "" || s.socket == "" {
		return errors.New("--kubeconfig and --csi-address are needed")
	}
	config, err := clientcmd.BuildConfigFromFlags("", s.kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = float32(s.qps), s.burst
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	snapshots, err := snapshot.NewForConfig(config)
	if err != nil {
		return err
	}
	connection, err := grpc.NewClient("unix:"+s.socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	// The driver may start later.
	info, err := csi.NewIdentityClient(connection).GetPluginInfo(ctx, &csi.GetPluginInfoRequest{}, grpc.WaitForReady(true))
	if err != nil {
		return fmt.Errorf("the driver at %s: %w", s.socket, err)
	}
	p := &provisioner{
		driver:  info.GetName(),
		volumes: csi.NewControllerClient(connection),
		timeout: s.timeout,
		sources: sources{driver: info.GetName(), kube: kube, snapshots: snapshots},
	}
	controller.NewProvisionController(ctx, kube, p.driver, p,
		controller.LeaderElection(false),
		controller.RateLimiter(workqueue.NewTypedItemExponentialFailureRateLimiter[string](s.retryStart, s.retryMax)),
		// 0: as long as it takes.
		controller.FailedProvisionThreshold(0),
		controller.FailedDeleteThreshold(0),
		controller.AddFinalizer(true),
		controller.MetricsAddress("127.0.0.1"),
		controller.MetricsPort(int32(s.metricsPort)),
	).Run(ctx)
	return nil
}
