package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Tree is the record of a running tree; with the boot's identity and the start time a reused process id is told apart.
type Tree struct {
	Name        string `json:"name"`
	Revision    string `json:"revision"`
	Pid         int    `json:"pid"`
	StartTime   string `json:"startTime"`
	KeeperPid   int    `json:"keeperPid"`
	KeeperStart string `json:"keeperStart"`
	BootID      string `json:"bootId"`
}

var cloneFlags = map[string]uintptr{
	"net": syscall.CLONE_NEWNET, "mount": syscall.CLONE_NEWNS, "uts": syscall.CLONE_NEWUTS,
	"ipc": syscall.CLONE_NEWIPC, "pid": syscall.CLONE_NEWPID, "cgroup": 0x02000000,
}

func keep(specPath string) error {
	file, err := os.Open(specPath)
	if err != nil {
		return err
	}
	spec, err := readSpec(file)
	if err != nil {
		return err
	}
	if err := keepTree(spec, file); err != nil {
		// The supervisor reads the reason here; PID 1 may never have run.
		_ = writeJSON(spec.KeeperStatusFile, Status{Error: err.Error()})
		return err
	}
	return nil
}

func keepTree(spec *Spec, specFile *os.File) error {
	if err := joinCgroups(spec.Cgroups); err != nil {
		return err
	}
	if _, err := specFile.Seek(0, 0); err != nil {
		return err
	}
	inherited := []*os.File{specFile}
	for _, forward := range spec.Forwards {
		listener, err := net.Listen("tcp4", forward.Listen)
		if err != nil {
			return err
		}
		copied, err := listener.(*net.TCPListener).File()
		if err != nil {
			return err
		}
		listener.Close()
		inherited = append(inherited, copied)
	}
	attributes := &syscall.SysProcAttr{Setsid: true}
	for _, name := range spec.Namespaces {
		flag, known := cloneFlags[name]
		if !known {
			return fmt.Errorf("unknown namespace %q", name)
		}
		attributes.Cloneflags |= flag
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	child := &exec.Cmd{Path: program, Args: []string{"node-init", "init", spec.Name}, Env: os.Environ(), Dir: "/",
		Stdout: os.Stdout, Stderr: os.Stderr, ExtraFiles: inherited, SysProcAttr: attributes}
	if err := child.Start(); err != nil {
		return fmt.Errorf("the tree's namespaces cannot be created: %w", err)
	}
	for _, file := range inherited {
		file.Close() // only the tree holds the ports, so that they are free once it is gone
	}
	bootID, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	tree := Tree{Name: spec.Name, Revision: spec.Revision, Pid: child.Process.Pid, StartTime: startTime(child.Process.Pid),
		KeeperPid: os.Getpid(), KeeperStart: startTime(os.Getpid()), BootID: strings.TrimSpace(string(bootID))}
	if err := writeJSON(spec.TreeFile, tree); err != nil {
		_ = child.Process.Kill()
		_ = child.Wait()
		return err
	}
	_ = joinCgroups(spec.KeeperCgroups)
	_ = child.Wait()
	return nil
}

func joinCgroups(folders []string) error {
	for _, folder := range folders {
		if err := os.WriteFile(filepath.Join(folder, "cgroup.procs"), []byte("0"), 0o644); err != nil {
			return fmt.Errorf("the cgroup %s cannot be joined: %w", folder, err)
		}
	}
	return nil
}

// startTime is field 22 of /proc/PID/stat, in clock ticks since the boot.
func startTime(pid int) string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 {
		return ""
	}
	return fields[19]
}
