package main

import (
	"net"
	"strconv"
	"sync"
	"time"
)

// Order says what to try.
type Order struct {
	Targets []Target `json:"targets"`
	// First asks for the answer to PROBE_FIRST instead.
	First bool `json:"first,omitempty"`
}

// Target is one end to reach.
type Target struct {
	Protocol string `json:"protocol"`
	Address  string `json:"address"`
	Port     int    `json:"port"`
	// From is the address to send from, where there are several.
	From string `json:"from,omitempty"`
	// PatienceMs is how long to wait for an answer.
	PatienceMs int `json:"patienceMs"`
	// Once asks for a single datagram: one that is lost stays lost.
	Once bool `json:"once,omitempty"`
	// AgainMs asks for attempts one after the other for so long, until one succeeds.
	AgainMs int `json:"againMs,omitempty"`
}

// Answer tells for each target whether it was reached.
type Answer struct {
	Reached []bool `json:"reached"`
	// Ms is how long each took from the order on.
	Ms    []int  `json:"ms"`
	Error string `json:"error,omitempty"`
}

// query is a question for the addresses of kubernetes.default.svc.cluster.local: a name server answers it as well as a probe.
var query = []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x0akubernetes\x07default\x03svc\x07cluster\x05local\x00\x00\x01\x00\x01")

func (o *Order) carryOut() Answer {
	answer := Answer{Reached: make([]bool, len(o.Targets)), Ms: make([]int, len(o.Targets))}
	begun := time.Now()
	var group sync.WaitGroup
	for i, target := range o.Targets {
		group.Go(func() {
			answer.Reached[i] = target.try()
			for !answer.Reached[i] && time.Since(begun) < time.Duration(target.AgainMs)*time.Millisecond {
				answer.Reached[i] = target.try()
			}
			answer.Ms[i] = int(time.Since(begun).Milliseconds())
		})
	}
	group.Wait()
	return answer
}

// try answers whether the target was reached. A refusal does not tell who refused.
func (t *Target) try() bool {
	patience := time.Duration(t.PatienceMs) * time.Millisecond
	address := net.JoinHostPort(t.Address, strconv.Itoa(t.Port))
	dialer := net.Dialer{Timeout: patience}
	if t.Protocol == "UDP" {
		if t.From != "" {
			dialer.LocalAddr = &net.UDPAddr{IP: net.ParseIP(t.From)}
		}
		connection, err := dialer.Dial("udp", address)
		if err != nil {
			return false
		}
		defer connection.Close()
		return t.ask(connection, patience)
	}
	if t.From != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(t.From)}
	}
	connection, err := dialer.Dial("tcp", address)
	if err == nil {
		connection.Close()
	}
	return err == nil
}

// ask sends a datagram, some times unless told otherwise, until there is an answer.
func (t *Target) ask(connection net.Conn, patience time.Duration) bool {
	buffer := make([]byte, 1500)
	wait := patience / 4
	if t.Once {
		wait = patience
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if _, err := connection.Write(query); err != nil {
			return false
		}
		_ = connection.SetReadDeadline(time.Now().Add(wait))
		if _, err := connection.Read(buffer); err == nil {
			return true
		}
	}
	return false
}
