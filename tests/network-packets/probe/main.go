// Command network-probe is both ends of the connections that the packet tests try.
//
//	network-probe serve CONTROL TCP,TCP,… UDP,UDP,…   answers on the ports; takes orders on the port CONTROL
//	network-probe order                               passes orders on that stand in standard input, prints the answers
//
// An order is a line of JSON that says what to connect to; its answer is a line with what came of each attempt. With an
// environment variable PROBE_FIRST, an order, `serve` begins with that, before anything else, and keeps its answer.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 5 && os.Args[1] == "serve":
		err = serve(os.Args[2], strings.Split(os.Args[3], ","), strings.Split(os.Args[4], ","))
	case len(os.Args) == 2 && os.Args[1] == "order":
		err = passOn(os.Stdin, os.Stdout)
	default:
		err = fmt.Errorf("usage: network-probe serve CONTROL TCP UDP | network-probe order")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "network-probe:", err)
		os.Exit(1)
	}
}

// Addressed is an order with the control address of the probe it is for; without one it is carried out here.
type Addressed struct {
	Probe string `json:"probe"`
	Order
}

// passOn gives every line's order to its probe, all at once, and prints the answers in the lines' order.
func passOn(input io.Reader, output io.Writer) error {
	var orders []Addressed
	for decoder := json.NewDecoder(input); ; {
		var order Addressed
		if err := decoder.Decode(&order); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		orders = append(orders, order)
	}
	answers := make([]Answer, len(orders))
	var group sync.WaitGroup
	for i, order := range orders {
		group.Go(func() { answers[i] = order.pass() })
	}
	group.Wait()
	encoder := json.NewEncoder(output)
	for _, answer := range answers {
		if err := encoder.Encode(answer); err != nil {
			return err
		}
	}
	return nil
}

func (a *Addressed) pass() Answer {
	if a.Probe == "" {
		return a.Order.carryOut()
	}
	connection, err := net.DialTimeout("tcp", a.Probe, 10*time.Second)
	if err != nil {
		return Answer{Error: err.Error()}
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(60 * time.Second))
	var answer Answer
	if err := json.NewEncoder(connection).Encode(a.Order); err == nil {
		err = json.NewDecoder(bufio.NewReader(connection)).Decode(&answer)
	}
	if err != nil {
		return Answer{Error: err.Error()}
	}
	return answer
}
