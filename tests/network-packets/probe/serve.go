package main

import (
	"bufio"
	"encoding/json"
	"net"
	"os"
	"sync"
	"time"
)

func serve(control string, tcp []string, udp []string) error {
	first := make(chan Answer, 1)
	go begin(os.Getenv("PROBE_FIRST"), first)
	for _, port := range tcp {
		listener, err := net.Listen("tcp", ":"+port)
		if err != nil {
			return err
		}
		go func() {
			for {
				if connection, err := listener.Accept(); err == nil {
					connection.Close()
				}
			}
		}()
	}
	for _, port := range udp {
		for _, address := range own() {
			socket, err := net.ListenPacket("udp", net.JoinHostPort(address, port))
			if err != nil {
				return err
			}
			go echo(socket)
		}
	}
	listener, err := net.Listen("tcp", ":"+control)
	if err != nil {
		return err
	}
	remembered := sync.OnceValue(func() Answer { return <-first })
	for {
		connection, err := listener.Accept()
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		go obey(connection, remembered)
	}
}

// own are this machine's addresses: a datagram is answered from the one it was sent to.
func own() []string {
	var found []string
	addresses, _ := net.InterfaceAddrs()
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.To4() != nil {
			found = append(found, network.IP.String())
		}
	}
	return found
}

func begin(text string, done chan<- Answer) {
	if text == "" {
		done <- Answer{Error: "there was no first order"}
		return
	}
	var order Order
	if err := json.Unmarshal([]byte(text), &order); err != nil {
		done <- Answer{Error: err.Error()}
		return
	}
	done <- order.carryOut()
}

func echo(socket net.PacketConn) {
	buffer := make([]byte, 1500)
	for {
		count, from, err := socket.ReadFrom(buffer)
		if err == nil {
			_, _ = socket.WriteTo(buffer[:count], from)
		}
	}
}

func obey(connection net.Conn, first func() Answer) {
	defer connection.Close()
	var order Order
	if err := json.NewDecoder(bufio.NewReader(connection)).Decode(&order); err != nil {
		return
	}
	if order.First {
		_ = json.NewEncoder(connection).Encode(first())
		return
	}
	_ = json.NewEncoder(connection).Encode(order.carryOut())
}
