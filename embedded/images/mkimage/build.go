package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// build makes the image of a spec and writes it as an OCI layout in a tar archive, which containerd imports.
func build(specFile, out string) (v1.Hash, error) {
	s, err := readSpec(specFile)
	if err != nil {
		return v1.Hash{}, err
	}
	image, err := s.image()
	if err != nil {
		return v1.Hash{}, err
	}
	file, err := os.Create(out)
	if err != nil {
		return v1.Hash{}, err
	}
	defer file.Close()
	if err := writeArchive(file, image, s); err != nil {
		return v1.Hash{}, err
	}
	if err := file.Sync(); err != nil {
		return v1.Hash{}, err
	}
	return image.Digest()
}

func (s *spec) image() (v1.Image, error) {
	var layers []mutate.Addendum
	for _, described := range s.Layers {
		layer, err := newLayer(described)
		if err != nil {
			return nil, err
		}
		mediaType, _ := layer.MediaType()
		history := v1.History{Created: v1.Time{Time: changed}, CreatedBy: "mkimage", Comment: described.Comment}
		layers = append(layers, mutate.Addendum{Layer: layer, History: history, MediaType: mediaType})
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.Append(base, layers...)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.Architecture, config.OS, config.Created = s.Architecture, "linux", v1.Time{Time: changed}
	config.Config = v1.Config{
		Entrypoint: s.Entrypoint, Cmd: s.Cmd, User: s.User, WorkingDir: s.Workdir, Labels: s.Labels,
		Env: append([]string{"PATH=/usr/local/bin:/usr/bin:/bin"}, s.Env...),
	}
	return mutate.ConfigFile(image, config)
}

func writeArchive(out io.Writer, image v1.Image, s *spec) error {
	manifest, err := image.RawManifest()
	if err != nil {
		return err
	}
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	config, err := image.RawConfigFile()
	if err != nil {
		return err
	}
	configName, err := image.ConfigName()
	if err != nil {
		return err
	}
	index, err := json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{{
		MediaType: types.OCIManifestSchema1, Digest: digest, Size: int64(len(manifest)),
		Platform: &v1.Platform{OS: "linux", Architecture: s.Architecture},
		Annotations: map[string]string{
			"io.containerd.image.name":          s.Ref,
			"org.opencontainers.image.ref.name": s.Ref[strings.LastIndex(s.Ref, ":")+1:],
		},
	}}})
	if err != nil {
		return err
	}
	w := tar.NewWriter(out)
	add := func(name string, size int64, content io.Reader) error {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size, ModTime: changed, Typeflag: tar.TypeReg}); err != nil {
			return err
		}
		_, err := io.CopyBuffer(struct{ io.Writer }{w}, content, make([]byte, 1<<20))
		return err
	}
	blob := func(hash v1.Hash, size int64, content io.Reader) error {
		sum := sha256.New()
		if err := add("blobs/sha256/"+hash.Hex, size, io.TeeReader(content, sum)); err != nil {
			return err
		}
		if hex.EncodeToString(sum.Sum(nil)) != hash.Hex {
			return fmt.Errorf("a file of %s changed while the image was made", s.Ref)
		}
		return nil
	}
	if err := add("oci-layout", 30, strings.NewReader(`{"imageLayoutVersion":"1.0.0"}`)); err != nil {
		return err
	}
	if err := add("index.json", int64(len(index)), bytes.NewReader(index)); err != nil {
		return err
	}
	if err := blob(digest, int64(len(manifest)), bytes.NewReader(manifest)); err != nil {
		return err
	}
	if err := blob(configName, int64(len(config)), bytes.NewReader(config)); err != nil {
		return err
	}
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	written := map[v1.Hash]bool{}
	for _, layer := range layers {
		hash, err := layer.Digest()
		if err != nil {
			return err
		}
		if written[hash] {
			continue
		}
		written[hash] = true
		size, err := layer.Size()
		if err != nil {
			return err
		}
		content, err := layer.Compressed()
		if err != nil {
			return err
		}
		err = blob(hash, size, content)
		content.Close()
		if err != nil {
			return err
		}
	}
	return w.Close()
}
