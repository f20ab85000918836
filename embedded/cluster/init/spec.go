package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Spec is everything about one tree. The supervisor renders it; nothing here is secret.
type Spec struct {
	// Name of the tree: "hub", "node-1".
	Name string `json:"name"`
	// Revision identifies the content, so that a running tree can be compared with the wanted one.
	Revision string `json:"revision"`
	// Namespaces to create: net, mount, uts, ipc, pid, cgroup. Empty without root.
	Namespaces []string `json:"namespaces"`
	// Cgroups are the folders the tree's first process starts in.
	Cgroups []string `json:"cgroups"`
	// KeeperCgroups are where the keeper goes once the tree has begun, so that the tree's own groups hold only the tree.
	KeeperCgroups []string `json:"keeperCgroups"`
	// InitCgroup, with cgroup v2: the folder below the tree's root group for PID 1 and its programs.
	InitCgroup string `json:"initCgroup,omitempty"`
	// Hostname inside the uts namespace.
	Hostname string `json:"hostname,omitempty"`
	// Mounts are done in order.
	Mounts []Mount `json:"mounts"`
	// Sysctls are written under /proc/sys; one that does not exist is skipped.
	Sysctls []Sysctl `json:"sysctls"`
	// TreeFile is where the keeper records the tree's first process, as seen from the host.
	TreeFile string `json:"treeFile"`
	// StatusFile is where PID 1 keeps what runs.
	StatusFile string `json:"statusFile"`
	// KeeperStatusFile is StatusFile as seen from the host.
	KeeperStatusFile string `json:"keeperStatusFile"`
	// Log is this program's own output, which it keeps bounded.
	Log       string    `json:"log"`
	Processes []Process `json:"processes"`
	Forwards  []Forward `json:"forwards"`
}

// Mount is one step of the tree's file system.
type Mount struct {
	// Kind: propagation, bind, tmpfs, proc, sysfs, cgroup, cgroup2, symlink.
	Kind   string `json:"kind"`
	Source string `json:"source,omitempty"`
	Target string `json:"target"`
	// Data is the file system's own options, or the kind of propagation (rslave, rshared).
	Data     string `json:"data,omitempty"`
	ReadOnly bool   `json:"readOnly,omitempty"`
}

// Sysctl is a kernel setting of the tree's network namespace.
type Sysctl struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// Process is a program that is kept running.
type Process struct {
	Name string            `json:"name"`
	Argv []string          `json:"argv"`
	Env  map[string]string `json:"env"`
	Log  string            `json:"log"`
	// WaitFor are the conditions for a start, also for a later one.
	WaitFor []Probe `json:"waitFor"`
}

// Probe is a condition: a file that exists, a unix socket that accepts, or an HTTPS address that answers 200.
type Probe struct {
	File string `json:"file,omitempty"`
	Unix string `json:"unix,omitempty"`
	// HTTPS is host:port; Path and CA go with it.
	HTTPS string `json:"https,omitempty"`
	Path  string `json:"path,omitempty"`
	CA    string `json:"ca,omitempty"`
}

// Forward passes connections to a loopback port of the host on to an address inside the tree.
type Forward struct {
	// Listen is host:port in the host's network namespace.
	Listen string `json:"listen"`
	// To is host:port in the tree's network namespace.
	To string `json:"to"`
}

func readSpec(from io.Reader) (*Spec, error) {
	spec := &Spec{}
	if err := json.NewDecoder(from).Decode(spec); err != nil {
		return nil, fmt.Errorf("the tree's specification cannot be read: %w", err)
	}
	return spec, nil
}

// writeJSON replaces a file whole, so that a reader never sees half of it.
func writeJSON(path string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	if err := os.WriteFile(temporary, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
