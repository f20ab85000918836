// Reads what the embedded engine wrote with Pulumi's own types, and makes secrets the way Pulumi does: what one writes
// the other must be able to read. One JSON request on standard input, one JSON answer on standard output.
package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
)

type request struct {
	Passphrase string          `json:"passphrase"`
	Salt       string          `json:"salt"`
	Encrypt    []string        `json:"encrypt"`
	Decrypt    []string        `json:"decrypt"`
	Export     json.RawMessage `json:"export"`
	Checkpoint json.RawMessage `json:"checkpoint"`
	Plan       json.RawMessage `json:"plan"`
	// Engine events, as "--json" of an update writes them.
	Events []json.RawMessage `json:"events"`
}

type answer struct {
	Check      string   `json:"check"`
	Encrypted  []string `json:"encrypted"`
	Decrypted  []string `json:"decrypted"`
	Export     string   `json:"export"`
	Checkpoint string   `json:"checkpoint"`
	Plan       string   `json:"plan"`
	Events     []string `json:"events"`
	Resources  int      `json:"resources"`
	Magic      bool     `json:"magic"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var req request
	if err := json.NewDecoder(os.Stdin).Decode(&req); err != nil {
		return err
	}
	var ans answer
	if err := crypt(req, &ans); err != nil {
		return err
	}
	if req.Export != nil {
		var outer apitype.UntypedDeployment
		if err := strict(req.Export, &outer); err != nil {
			return fmt.Errorf("export: %w", err)
		}
		text, deployment, err := rewrite(outer.Deployment)
		if err != nil {
			return fmt.Errorf("deployment: %w", err)
		}
		ans.Export, ans.Resources, ans.Magic = text, len(deployment.Resources), deployment.Manifest.Magic == deployment.Manifest.NewMagic()
	}
	for _, data := range req.Events {
		var event apitype.EngineEvent
		if err := strict(data, &event); err != nil {
			return fmt.Errorf("event %s: %w", data, err)
		}
		text, err := compact(&event)
		if err != nil {
			return err
		}
		ans.Events = append(ans.Events, text)
	}
	if req.Checkpoint != nil {
		var outer apitype.VersionedCheckpoint
		if err := strict(req.Checkpoint, &outer); err != nil {
			return fmt.Errorf("versioned checkpoint: %w", err)
		}
		var inner apitype.CheckpointV3
		if err := strict(outer.Checkpoint, &inner); err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
		text, err := compact(inner.Latest)
		if err != nil {
			return err
		}
		ans.Checkpoint = text
	}
	if req.Plan != nil {
		var plan apitype.DeploymentPlanV1
		if err := strict(req.Plan, &plan); err != nil {
			return fmt.Errorf("plan: %w", err)
		}
		text, err := compact(&plan)
		if err != nil {
			return err
		}
		ans.Plan = text
	}
	return json.NewEncoder(os.Stdout).Encode(ans)
}

// crypt opens and makes secrets with the key of a passphrase and a salt ("v1:SALT:CHECK").
func crypt(req request, ans *answer) error {
	if req.Salt == "" {
		return nil
	}
	parts := strings.SplitN(req.Salt, ":", 3)
	salt, err := base64.StdEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	ctx := context.Background()
	crypter := config.NewSymmetricCrypterFromPassphrase(req.Passphrase, salt)
	if ans.Check, err = crypter.EncryptValue(ctx, "pulumi"); err != nil {
		return err
	}
	if len(parts) == 3 && parts[2] != "" {
		if text, err := crypter.DecryptValue(ctx, parts[2]); err != nil || text != "pulumi" {
			return fmt.Errorf("the check of the salt does not open: %q %w", text, err)
		}
	}
	for _, text := range req.Encrypt {
		made, err := crypter.EncryptValue(ctx, text)
		if err != nil {
			return err
		}
		ans.Encrypted = append(ans.Encrypted, made)
	}
	for _, text := range req.Decrypt {
		opened, err := crypter.DecryptValue(ctx, text)
		if err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		ans.Decrypted = append(ans.Decrypted, opened)
	}
	return nil
}

func strict(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// rewrite decodes a deployment, unknown fields forbidden, and writes it again.
func rewrite(data []byte) (string, *apitype.DeploymentV3, error) {
	var deployment apitype.DeploymentV3
	if err := strict(data, &deployment); err != nil {
		return "", nil, err
	}
	text, err := compact(&deployment)
	return text, &deployment, err
}

func compact(value any) (string, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return strings.TrimSpace(out.String()), nil
}
