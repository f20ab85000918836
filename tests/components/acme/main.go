// Command acme is what cert-manager has no main package for in its Go module: its controllers, and the program that
// answers a challenge. Both take the arguments that the pods have.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/cert-manager/cert-manager/pkg/controller"
	_ "github.com/cert-manager/cert-manager/pkg/controller/acmechallenges"
	_ "github.com/cert-manager/cert-manager/pkg/controller/acmeorders"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/acme"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/metrics"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	_ "github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/acme"
	"github.com/cert-manager/cert-manager/pkg/issuer/acme/http/solver"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
)

func main() {
	run := controllers
	if len(os.Args) > 1 && os.Args[1] == "solver" {
		run = answer
		os.Args = append(os.Args[:1], os.Args[2:]...)
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answer() error {
	var pod solver.HTTP01Solver
	flag.IntVar(&pod.ListenPort, "listen-port", 8089, "")
	flag.StringVar(&pod.Domain, "domain", "", "")
	flag.StringVar(&pod.Token, "token", "", "")
	flag.StringVar(&pod.Key, "key", "", "")
	flag.Parse()
	return pod.Listen(klog.Background())
}

func controllers() error {
	var opts controller.ContextOptions
	var names, nameservers, electionNamespace string
	flag.Int("v", 0, "")
	flag.String("logging-format", "", "")
	flag.Bool("enable-gateway-api", false, "")
	flag.StringVar(&names, "controllers", "", "")
	flag.StringVar(&nameservers, "acme-http01-solver-nameservers", "", "")
	flag.StringVar(&electionNamespace, "leader-election-namespace", "", "")
	flag.StringVar(&opts.Kubeconfig, "kubeconfig", "", "")
	flag.StringVar(&opts.ClusterResourceNamespace, "cluster-resource-namespace", "", "")
	flag.StringVar(&opts.HTTP01SolverImage, "acme-http01-solver-image", "", "")
	flag.BoolVar(&opts.ClusterIssuerAmbientCredentials, "cluster-issuer-ambient-credentials", true, "")
	flag.Parse()

	opts.HTTP01SolverNameservers = strings.Split(nameservers, ",")
	opts.ACMEHTTP01SolverRunAsNonRoot = true
	opts.HTTP01SolverResourceRequestCPU = resource.MustParse("10m")
	opts.HTTP01SolverResourceRequestMemory = resource.MustParse("64Mi")
	opts.HTTP01SolverResourceLimitsCPU = resource.MustParse("100m")
	opts.HTTP01SolverResourceLimitsMemory = resource.MustParse("64Mi")
	opts.DNS01CheckRetryPeriod = time.Second
	opts.MaxConcurrentChallenges = 60
	opts.CertificateRequestMinimumBackoffDuration = time.Hour
	opts.CertificateRequestMaximumBackoffDuration = 32 * time.Hour

	background := context.Background()
	factory, err := controller.NewContextFactory(background, opts)
	if err != nil {
		return err
	}
	shared, err := factory.Build()
	if err != nil {
		return err
	}
	if err := lead(background, shared, electionNamespace); err != nil {
		return err
	}
	known := controller.Known()
	var running sync.WaitGroup
	for _, name := range strings.Split(names, ",") {
		construct, ok := known[name]
		if !ok {
			return fmt.Errorf("cert-manager has no controller %q", name)
		}
		one, err := construct(factory)
		if err != nil {
			return err
		}
		running.Go(func() {
			if err := one.Run(5, background); err != nil {
				klog.Fatal(err)
			}
		})
	}
	shared.SharedInformerFactory.Start(background.Done())
	shared.KubeSharedInformerFactory.Start(background.Done())
	shared.HTTP01ResourceMetadataInformersFactory.Start(background.Done())
	running.Wait()
	return nil
}

// lead returns once this process leads, and ends it when it no longer does.
func lead(background context.Context, shared *controller.Context, namespace string) error {
	leading := make(chan struct{})
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: namespace, Name: "cert-manager-controller"},
			Client:     shared.Client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: "test", EventRecorder: shared.Recorder},
		},
		LeaseDuration: 60 * time.Second,
		RenewDeadline: 40 * time.Second,
		RetryPeriod:   15 * time.Second,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { close(leading) },
			OnStoppedLeading: func() { klog.Fatal("no longer leading") },
		},
	})
	if err != nil {
		return err
	}
	go elector.Run(background)
	<-leading
	return nil
}
