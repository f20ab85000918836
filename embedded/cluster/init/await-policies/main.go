// Command await-policies is the last plugin of a node's pod network: it tells the policy enforcer which pod was given
// which address, and lets the pod begin when the rules for it are in force. Without an enforcer the pod begins after a
// while all the same; the node drops what it sends through the network until there are rules.
//
// https://www.cni.dev/docs/spec/ for what goes in and out.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	patience = 3 * time.Second
	period   = 4 * time.Millisecond
)

// Configuration is what stands in the network's list, with the result of the plugins before.
type Configuration struct {
	CNIVersion string `json:"cniVersion"`
	// Folder is where plugin and enforcer talk.
	Folder     string          `json:"folder"`
	PrevResult json.RawMessage `json:"prevResult"`
}

// Announcement is what the enforcer reads.
type Announcement struct {
	UID     string `json:"uid"`
	Address string `json:"address"`
}

func main() {
	if err := run(); err != nil {
		text, _ := json.Marshal(map[string]any{"cniVersion": "1.0.0", "code": 999, "msg": "await-policies: " + err.Error()})
		fmt.Println(string(text))
		os.Exit(1)
	}
}

func run() error {
	command := os.Getenv("CNI_COMMAND")
	if command == "VERSION" {
		fmt.Println(`{"cniVersion":"1.0.0","supportedVersions":["0.4.0","1.0.0"]}`)
		return nil
	}
	var configuration Configuration
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &configuration); err != nil {
		return fmt.Errorf("its configuration cannot be read: %w", err)
	}
	sandbox := filepath.Base(os.Getenv("CNI_CONTAINERID"))
	announced := filepath.Join(configuration.Folder, "announced", sandbox)
	switch command {
	case "ADD":
		if err := announce(configuration, announced); err != nil {
			return err
		}
		await(filepath.Join(configuration.Folder, "in-force", sandbox))
		fmt.Println(string(configuration.PrevResult))
	case "DEL":
		if err := os.Remove(announced); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

func announce(configuration Configuration, path string) error {
	var result struct {
		IPs []struct {
			Address string `json:"address"`
		} `json:"ips"`
	}
	if err := json.Unmarshal(configuration.PrevResult, &result); err != nil {
		return fmt.Errorf("the earlier plugins' result cannot be read: %w", err)
	}
	uid := argument("K8S_POD_UID")
	if len(result.IPs) == 0 || uid == "" {
		return nil // no pod, or none with an address
	}
	address, _, _ := strings.Cut(result.IPs[0].Address, "/")
	text, err := json.Marshal(Announcement{UID: uid, Address: address})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	// Renamed, so that nobody reads half of it.
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	if err := os.WriteFile(temporary, text, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// argument is one of the runtime's `NAME=value;NAME=value`.
func argument(name string) string {
	for _, pair := range strings.Split(os.Getenv("CNI_ARGS"), ";") {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value
		}
	}
	return ""
}

func await(path string) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(period) {
		if _, err := os.Stat(path); err == nil {
			return
		}
	}
	fmt.Fprintln(os.Stderr, "await-policies: no rules after", patience)
}
