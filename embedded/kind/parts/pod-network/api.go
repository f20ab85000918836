package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	account = "/var/run/secrets/kubernetes.io/serviceaccount"
	// settle gathers the changes that come together, such as those of a node that joins.
	settle = 100 * time.Millisecond
	// patience bounds every request; a watch is begun anew after it.
	patience = 5 * time.Minute
)

// api reads Nodes from the API server with the pod's own identity.
type api struct {
	url    string
	client *http.Client
}

func newAPI(endpoint string) (*api, error) {
	authority, err := os.ReadFile(filepath.Join(account, "ca.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s holds no certificate", filepath.Join(account, "ca.crt"))
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}}
	return &api{url: "https://" + endpoint + "/api/v1/nodes", client: &http.Client{Transport: transport, Timeout: patience}}, nil
}

type nodeList struct {
	Metadata struct{ ResourceVersion string }
	Items    []struct {
		Metadata struct{ Name string }
		Spec     struct{ PodCIDR string }
		Status   struct {
			Addresses []struct{ Type, Address string }
		}
	}
}

func (a *api) nodes(ctx context.Context) ([]node, string, error) {
	response, err := a.get(ctx, "")
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	var list nodeList
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		return nil, "", err
	}
	nodes := make([]node, 0, len(list.Items))
	for _, item := range list.Items {
		n := node{name: item.Metadata.Name}
		n.pods, _ = netip.ParsePrefix(item.Spec.PodCIDR)
		for _, address := range item.Status.Addresses {
			if ip, err := netip.ParseAddr(address.Address); err == nil && address.Type == "InternalIP" && ip.Is4() {
				n.address = ip
			}
		}
		nodes = append(nodes, n)
	}
	return nodes, list.Metadata.ResourceVersion, nil
}

// change returns after any Node has changed since the version, or after a while without a change.
func (a *api) change(ctx context.Context, version string) error {
	response, err := a.get(ctx, "?watch=true&timeoutSeconds=240&resourceVersion="+version)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := response.Body.Read(make([]byte, 1)); err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	time.Sleep(settle)
	return nil
}

func (a *api) get(ctx context.Context, query string) (*http.Response, error) {
	token, err := os.ReadFile(filepath.Join(account, "token")) // read each time, for it is renewed
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+query, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("the API server answered %s", response.Status)
	}
	return response, nil
}
