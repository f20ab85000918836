package main

import (
	"bytes"
	"encoding/json"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	configuration = "/etc/cni/net.d/10-pod-network.conflist"
	table         = "pod-network"
	// Where the source and the destination are in an IPv4 header.
	sourceOffset, destinationOffset = 12, 16
)

type object = map[string]any

// writeConfiguration makes the node able to run pods: with the file the container runtime says that its network is ready.
func writeConfiguration(pods netip.Prefix) error {
	text, err := json.MarshalIndent(object{
		"cniVersion": "1.0.0",
		"name":       table,
		"plugins": []object{
			{"type": "ptp", "ipMasq": false, "ipam": object{
				"type":    "host-local",
				"dataDir": "/run/cni-ipam-state", // a node that starts again has no pods, and so no addresses in use
				"routes":  []object{{"dst": "0.0.0.0/0"}},
				"ranges":  [][]object{{{"subnet": pods.String()}}},
			}},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	}, "", "  ")
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(configuration); err == nil && bytes.Equal(old, text) {
		return nil
	}
	temporary := filepath.Join(filepath.Dir(configuration), ".pod-network")
	if err := os.WriteFile(temporary, text, 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, configuration)
}

func routeTo(pods *net.IPNet, node net.IP) error {
	return netlink.RouteReplace(&netlink.Route{Dst: pods, Gw: node})
}

// masquerade gives what pods send to anything but pods the node's address, for nothing outside knows a way back to a pod.
func masquerade(pods netip.Prefix) error {
	connection, err := nftables.New()
	if err != nil {
		return err
	}
	network := pods.Masked().Addr().AsSlice()
	mask := net.CIDRMask(pods.Bits(), 32)
	inPods := func(offset uint32, operation expr.CmpOp) []expr.Any {
		return []expr.Any{
			&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4},
			&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: mask, Xor: binaryutil.NativeEndian.PutUint32(0)},
			&expr.Cmp{Op: operation, Register: 1, Data: network},
		}
	}
	ours := &nftables.Table{Family: unix.NFPROTO_IPV4, Name: table}
	connection.AddTable(ours) // deleting what is not there is an error
	connection.DelTable(ours)
	connection.AddTable(ours)
	chain := connection.AddChain(&nftables.Chain{
		Name: "postrouting", Table: ours, Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
	})
	rule := append(inPods(sourceOffset, expr.CmpOpEq), inPods(destinationOffset, expr.CmpOpNeq)...)
	connection.AddRule(&nftables.Rule{Table: ours, Chain: chain, Exprs: append(rule, &expr.Masq{})})
	return connection.Flush()
}
