package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const (
	firstBackoff = 200 * time.Millisecond
	lastBackoff  = 5 * time.Second
	// A program that lived this long is taken for healthy: its next restart is quick again.
	healthyLife = 10 * time.Second
)

// Runner starts programs and reaps whatever ends, its own programs and orphans alike.
type Runner struct {
	mutex   sync.Mutex
	running map[int]chan syscall.WaitStatus
	starts  chan startRequest
	stopped bool
}

type startRequest struct {
	process *Process
	answer  chan startAnswer
}

type startAnswer struct {
	pid    int
	exited chan syscall.WaitStatus
	err    error
}

func newRunner() *Runner {
	runner := &Runner{running: map[int]chan syscall.WaitStatus{}, starts: make(chan startRequest)}
	go runner.startThread()
	go runner.reap()
	return runner
}

// startThread starts every program from one thread that never ends: a child's parent-death signal is tied to the
// thread that started it, and without a pid namespace that signal is what ends the programs with this process.
func (r *Runner) startThread() {
	runtime.LockOSThread()
	for request := range r.starts {
		r.mutex.Lock() // the reaper must not see the end of a child that is not registered yet
		answer := startAnswer{exited: make(chan syscall.WaitStatus, 1)}
		if r.stopped {
			answer.err = fmt.Errorf("the tree is ending")
		} else if answer.pid, answer.err = fork(request.process); answer.err == nil {
			r.running[answer.pid] = answer.exited
		}
		r.mutex.Unlock()
		request.answer <- answer
	}
}

func fork(process *Process) (int, error) {
	log, err := os.OpenFile(process.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	environment := []string{}
	for name, value := range process.Env {
		environment = append(environment, name+"="+value)
	}
	return syscall.ForkExec(process.Argv[0], process.Argv, &syscall.ProcAttr{Dir: "/", Env: environment,
		Files: []uintptr{null.Fd(), log.Fd(), log.Fd()}, Sys: &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}})
}

func (r *Runner) reap() {
	ended := make(chan os.Signal, 16)
	signal.Notify(ended, syscall.SIGCHLD)
	tick := time.NewTicker(time.Second)
	for {
		for {
			r.mutex.Lock()
			var status syscall.WaitStatus
			pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
			if exited := r.running[pid]; err == nil && pid > 0 && exited != nil {
				delete(r.running, pid)
				exited <- status
			}
			r.mutex.Unlock()
			if err == syscall.EINTR {
				continue
			}
			if err != nil || pid <= 0 {
				break
			}
		}
		select {
		case <-ended:
		case <-tick.C:
		}
	}
}

func (r *Runner) killAll() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.stopped = true
	for pid := range r.running {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// keepRunning starts a program when its conditions hold, and again whenever it ends.
func (r *Runner) keepRunning(process *Process, status *statusKeeper) {
	backoff := firstBackoff
	for {
		for _, probe := range process.WaitFor {
			probe.wait()
		}
		begun := time.Now()
		request := startRequest{process: process, answer: make(chan startAnswer, 1)}
		r.starts <- request
		answer := <-request.answer
		end := ""
		if answer.err != nil {
			end = answer.err.Error()
		} else {
			status.started(process.Name, answer.pid)
			end = describe(<-answer.exited)
		}
		status.ended(process.Name, end)
		note(process.Log, fmt.Sprintf("--- %s: %s; it starts again in %s", process.Name, end, backoff))
		time.Sleep(backoff)
		backoff = min(2*backoff, lastBackoff)
		if time.Since(begun) > healthyLife {
			backoff = firstBackoff
		}
	}
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "ended by signal " + status.Signal().String()
	}
	return fmt.Sprintf("ended with status %d", status.ExitStatus())
}
