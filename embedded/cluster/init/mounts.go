package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const pathOnly = 0x200000 // O_PATH, which package syscall does not name

// openSources opens what is bound somewhere before anything is mounted: a mount on /run or /var may hide it.
func openSources(mounts []Mount) (map[string]int, error) {
	sources := map[string]int{}
	for _, mount := range mounts {
		if _, open := sources[mount.Source]; mount.Kind != "bind" || open {
			continue
		}
		descriptor, err := syscall.Open(mount.Source, pathOnly|syscall.O_CLOEXEC, 0)
		if err != nil {
			return nil, fmt.Errorf("%s cannot be opened: %w", mount.Source, err)
		}
		sources[mount.Source] = descriptor
	}
	return sources, nil
}

func (m *Mount) apply(sources map[string]int) error {
	switch m.Kind {
	case "propagation":
		flags := map[string]uintptr{"rslave": syscall.MS_SLAVE | syscall.MS_REC, "rshared": syscall.MS_SHARED | syscall.MS_REC}[m.Data]
		return syscall.Mount("", m.Target, "", flags, "")
	case "symlink":
		return os.Symlink(m.Source, m.Target)
	case "bind":
		return m.bind("/proc/self/fd/" + strconv.Itoa(sources[m.Source]))
	case "tmpfs":
		return m.fresh("tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV)
	case "proc":
		return m.fresh("proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC)
	case "sysfs":
		return m.fresh("sysfs", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC)
	case "cgroup", "cgroup2":
		return m.fresh(m.Kind, syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC)
	}
	return fmt.Errorf("unknown kind of mount %q", m.Kind)
}

func (m *Mount) fresh(fileSystem string, flags uintptr) error {
	if err := os.MkdirAll(m.Target, 0o755); err != nil {
		return err
	}
	if m.ReadOnly {
		flags |= syscall.MS_RDONLY
	}
	return syscall.Mount(fileSystem, m.Target, fileSystem, flags, m.Data)
}

func (m *Mount) bind(source string) error {
	information, err := os.Stat(source)
	if err != nil {
		return err
	}
	if information.IsDir() {
		if err := os.MkdirAll(m.Target, 0o755); err != nil {
			return err
		}
	}
	if err := syscall.Mount(source, m.Target, "", syscall.MS_BIND, ""); err != nil {
		return err
	}
	if !m.ReadOnly {
		return nil
	}
	return syscall.Mount("", m.Target, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
}

// enterInitCgroup (cgroup v2) moves this process below the tree's root group and hands that group's controllers down:
// a group with processes of its own cannot have controlled children.
func enterInitCgroup(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "cgroup.procs"), []byte("0"), 0o644); err != nil {
		return fmt.Errorf("the cgroup %s cannot be joined: %w", folder, err)
	}
	root := filepath.Dir(folder)
	available, err := os.ReadFile(filepath.Join(root, "cgroup.controllers"))
	if err != nil {
		return err
	}
	var wanted []string
	for _, controller := range strings.Fields(string(available)) {
		wanted = append(wanted, "+"+controller)
	}
	// The keeper leaves the root group right after it has cloned this process; until then the kernel answers EBUSY.
	for deadline := time.Now().Add(3 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		err = os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte(strings.Join(wanted, " ")), 0o644)
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}
