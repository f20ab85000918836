// Command pod-network connects the pods of a kind cluster in place of kind's own kindnetd: on each node it writes the
// CNI configuration for the node's range of addresses, keeps a route to every other node's, and lets pods reach what is
// outside the cluster under the node's address. It does not enforce NetworkPolicies.
package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// retry is how long to wait after anything went wrong: while a cluster starts, the API server comes and goes.
const retry = time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for ctx.Err() == nil {
		if err := serve(ctx); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "pod-network:", err)
			select {
			case <-ctx.Done():
			case <-time.After(retry):
			}
		}
	}
}

// serve does all that is to be done, and again after every change of a node, until something fails.
func serve(ctx context.Context) error {
	pods, err := netip.ParsePrefix(os.Getenv("POD_SUBNET"))
	if err != nil {
		return fmt.Errorf("POD_SUBNET: %w", err)
	}
	self, err := netip.ParseAddr(os.Getenv("HOST_IP"))
	if err != nil {
		return fmt.Errorf("HOST_IP: %w", err)
	}
	api, err := newAPI(os.Getenv("CONTROL_PLANE_ENDPOINT"))
	if err != nil {
		return err
	}
	if err := masquerade(pods); err != nil {
		return fmt.Errorf("masquerading what pods send outside: %w", err)
	}
	for {
		nodes, version, err := api.nodes(ctx)
		if err != nil {
			return err
		}
		for _, n := range nodes {
			if err := n.apply(self); err != nil {
				return fmt.Errorf("node %s: %w", n.name, err)
			}
		}
		if err := api.change(ctx, version); err != nil {
			return err
		}
	}
}

// node is what of a Node the network consists of.
type node struct {
	name    string
	address netip.Addr
	pods    netip.Prefix
}

func (n *node) apply(self netip.Addr) error {
	if !n.pods.IsValid() || !n.address.IsValid() {
		return nil // not registered completely; a change follows
	}
	if n.address == self {
		return writeConfiguration(n.pods)
	}
	return routeTo(&net.IPNet{IP: n.pods.Addr().AsSlice(), Mask: net.CIDRMask(n.pods.Bits(), n.pods.Addr().BitLen())}, n.address.AsSlice())
}
