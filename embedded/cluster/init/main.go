// Command node-init runs one tree of the embedded cluster: the hub with the control plane, or one node.
//
// `node-init start SPEC.json` is the keeper: it joins the tree's cgroups, opens the loopback listeners in the host's
// network namespace, clones the tree's first process into new namespaces, records it, and waits to reap it.
// `node-init init NAME` is that first process (PID 1 of the tree): it mounts what the tree sees, runs and restarts its
// programs, reaps orphans, forwards the listeners' connections into the tree's network, and keeps a status file true.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: node-init start SPEC.json")
		os.Exit(2)
	}
	var err error
	switch os.Args[1] {
	case "start":
		err = keep(os.Args[2])
	case "init":
		err = runTree()
	default:
		err = fmt.Errorf("unknown mode %q", os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "node-init:", err)
		os.Exit(1)
	}
}
