package main

import (
	"io"
	"net"
	"time"
)

// serveForward passes every connection of a listener, whose socket belongs to the host's network namespace, on to an
// address in this process's own.
func serveForward(listener net.Listener, to string) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			time.Sleep(50 * time.Millisecond) // out of descriptors: the only error a listener recovers from
			continue
		}
		go pass(connection.(*net.TCPConn), to)
	}
}

func pass(outside *net.TCPConn, to string) {
	defer outside.Close()
	dialed, err := net.DialTimeout("tcp", to, 3*time.Second)
	if err != nil {
		return
	}
	inside := dialed.(*net.TCPConn)
	defer inside.Close()
	answered := make(chan struct{})
	go func() {
		_, _ = io.Copy(outside, inside)
		_ = outside.CloseWrite()
		close(answered)
	}()
	_, _ = io.Copy(inside, outside)
	_ = inside.CloseWrite()
	<-answered
}
