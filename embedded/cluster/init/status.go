package main

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// Status is what runs in the tree. Process ids are those inside the tree's pid namespace.
type Status struct {
	Revision  string          `json:"revision"`
	Error     string          `json:"error,omitempty"`
	Processes []ProcessStatus `json:"processes"`
}

// ProcessStatus is one program's state: waiting (for its conditions), running, or restarting.
type ProcessStatus struct {
	Name     string `json:"name"`
	State    string `json:"state"`
	Pid      int    `json:"pid,omitempty"`
	Started  string `json:"started,omitempty"`
	Restarts int    `json:"restarts"`
	LastExit string `json:"lastExit,omitempty"`
}

type statusKeeper struct {
	mutex sync.Mutex
	// path is the file inside the tree, outside the same file before the mounts.
	path    string
	outside string
	status  Status
}

func newStatusKeeper(spec *Spec) *statusKeeper {
	keeper := &statusKeeper{path: spec.KeeperStatusFile, outside: spec.KeeperStatusFile, status: Status{Revision: spec.Revision}}
	for _, process := range spec.Processes {
		keeper.status.Processes = append(keeper.status.Processes, ProcessStatus{Name: process.Name, State: "waiting"})
	}
	keeper.write()
	keeper.path = spec.StatusFile
	return keeper
}

func (k *statusKeeper) write() {
	if err := writeJSON(k.path, k.status); err != nil {
		fmt.Fprintln(os.Stderr, "node-init: the status file cannot be written:", err)
	}
}

func (k *statusKeeper) change(name string, change func(*ProcessStatus)) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	for i := range k.status.Processes {
		if k.status.Processes[i].Name == name {
			change(&k.status.Processes[i])
		}
	}
	k.write()
}

func (k *statusKeeper) started(name string, pid int) {
	k.change(name, func(p *ProcessStatus) {
		p.State, p.Pid, p.Started = "running", pid, time.Now().UTC().Format(time.RFC3339Nano)
	})
}

func (k *statusKeeper) ended(name string, how string) {
	k.change(name, func(p *ProcessStatus) {
		p.State, p.Pid, p.LastExit = "restarting", 0, how
		p.Restarts++
	})
}

// fail is called before anything runs: depending on the mounts done by then, one of the two paths reaches the file.
func (k *statusKeeper) fail(err error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.status.Error = err.Error()
	for _, path := range []string{k.path, k.outside} {
		if writeJSON(path, k.status) == nil {
			return
		}
	}
}
