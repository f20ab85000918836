package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
	"unsafe"
)

// The descriptors the keeper hands over: standard ones, the specification, then one listener for each forward.
const (
	specDescriptor = 3
	firstListener  = 4
	prSetSubreaper = 36
	rotationPeriod = 5 * time.Second
)

// runTree is PID 1 of a tree (or, without namespaces, the parent of its programs). It returns only with an error.
func runTree() error {
	spec, err := readSpec(os.NewFile(specDescriptor, "spec"))
	if err != nil {
		return err
	}
	listeners := make([]net.Listener, len(spec.Forwards))
	for i := range spec.Forwards {
		file := os.NewFile(uintptr(firstListener+i), "listener")
		if listeners[i], err = net.FileListener(file); err != nil {
			return err
		}
		file.Close()
	}
	// Orphans come to this process in either mode: as PID 1 anyway, without a pid namespace by being a subreaper.
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetSubreaper, 1, 0)
	ignored := make(chan os.Signal, 1)
	signal.Notify(ignored, syscall.SIGHUP, syscall.SIGINT, syscall.SIGPIPE)

	status := newStatusKeeper(spec)
	if err := prepare(spec); err != nil {
		status.fail(err)
		return err
	}
	for i, forward := range spec.Forwards {
		go serveForward(listeners[i], forward.To)
	}
	runner := newRunner()
	for i := range spec.Processes {
		go runner.keepRunning(&spec.Processes[i], status)
	}
	go func() {
		for range time.Tick(rotationPeriod) {
			rotate(spec.Log)
			for _, process := range spec.Processes {
				rotate(process.Log)
			}
		}
	}()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	runner.killAll()
	return nil
}

// prepare gives the tree its file system, name and kernel settings.
func prepare(spec *Spec) error {
	sources, err := openSources(spec.Mounts)
	if err != nil {
		return err
	}
	for _, mount := range spec.Mounts {
		if err := mount.apply(sources); err != nil {
			return fmt.Errorf("%s at %s: %w", mount.Kind, mount.Target, err)
		}
	}
	if spec.InitCgroup != "" {
		if err := enterInitCgroup(spec.InitCgroup); err != nil {
			return err
		}
	}
	for _, descriptor := range sources {
		syscall.Close(descriptor)
	}
	var namespaced bool
	for _, name := range spec.Namespaces {
		namespaced = namespaced || name == "net"
	}
	if namespaced {
		if err := loopbackUp(); err != nil {
			return fmt.Errorf("the loopback interface cannot be set up: %w", err)
		}
	}
	if spec.Hostname != "" {
		if err := syscall.Sethostname([]byte(spec.Hostname)); err != nil {
			return fmt.Errorf("the host name cannot be set: %w", err)
		}
	}
	for _, sysctl := range spec.Sysctls {
		err := os.WriteFile("/proc/sys/"+sysctl.Path, []byte(sysctl.Value), 0o644)
		if err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("the kernel setting %s cannot be written: %w", sysctl.Path, err)
		}
	}
	raiseOpenFiles()
	return nil
}

// raiseOpenFiles lets the programs open as many files as this machine allows; container runtimes need thousands.
func raiseOpenFiles() {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		limit.Cur = min(limit.Max, 1<<20)
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	}
}

func loopbackUp() error {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(socket)
	// struct ifreq: the interface's name, then a union whose first two bytes are the flags.
	var request [40]byte
	copy(request[:], "lo")
	*(*uint16)(unsafe.Pointer(&request[16])) = syscall.IFF_UP | syscall.IFF_RUNNING
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(socket), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return errno
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
