package main

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// push uploads the image of an archive; blobs the registry has already are not sent again.
func push(ctx context.Context, archiveFile, target, username, password string, insecure bool) (v1.Hash, error) {
	var options []name.Option
	if insecure {
		options = append(options, name.Insecure)
	}
	ref, err := name.ParseReference(target, append(options, name.StrictValidation)...)
	if err != nil {
		return v1.Hash{}, err
	}
	if insecure && !isLoopback(ref.Context().RegistryStr()) {
		return v1.Hash{}, fmt.Errorf("--insecure would send the password in clear to %s: it is for registries on this machine only", ref.Context().RegistryStr())
	}
	file, err := os.Open(archiveFile)
	if err != nil {
		return v1.Hash{}, err
	}
	defer file.Close()
	image, err := openArchive(file)
	if err != nil {
		return v1.Hash{}, fmt.Errorf("%s: %w", archiveFile, err)
	}
	updates := make(chan v1.Update, 64)
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		for update := range updates {
			if update.Error == nil {
				fmt.Fprintf(os.Stderr, "sent %d %d\n", update.Complete, update.Total)
			}
		}
	}()
	auth := authn.Anonymous
	if username != "" {
		auth = &authn.Basic{Username: username, Password: password}
	}
	err = remote.Write(ref, image, remote.WithContext(ctx), remote.WithAuth(auth), remote.WithProgress(updates))
	<-reported
	if err != nil {
		return v1.Hash{}, err
	}
	return image.Digest()
}

func isLoopback(registry string) bool {
	host := registry
	if h, _, err := net.SplitHostPort(registry); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// archive is an image in an OCI layout in a tar file; blobs are read where they lie.
type archive struct {
	blobs    map[string]*io.SectionReader
	manifest []byte
	parsed   *v1.Manifest
}

func openArchive(file *os.File) (v1.Image, error) {
	a := &archive{blobs: map[string]*io.SectionReader{}}
	var index v1.IndexManifest
	reader := tar.NewReader(file)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if hex, isBlob := strings.CutPrefix(header.Name, "blobs/sha256/"); isBlob {
			at, err := file.Seek(0, io.SeekCurrent)
			if err != nil {
				return nil, err
			}
			a.blobs[hex] = io.NewSectionReader(file, at, header.Size)
		} else if header.Name == "index.json" {
			if err := json.NewDecoder(reader).Decode(&index); err != nil {
				return nil, err
			}
		}
	}
	if len(index.Manifests) != 1 {
		return nil, fmt.Errorf("it holds %d images instead of one", len(index.Manifests))
	}
	manifest, err := a.blob(index.Manifests[0].Digest)
	if err != nil {
		return nil, err
	}
	if a.manifest, err = io.ReadAll(manifest); err != nil {
		return nil, err
	}
	if a.parsed, err = v1.ParseManifest(strings.NewReader(string(a.manifest))); err != nil {
		return nil, err
	}
	return partial.CompressedToImage(a)
}

func (a *archive) blob(hash v1.Hash) (*io.SectionReader, error) {
	section, there := a.blobs[hash.Hex]
	if !there {
		return nil, fmt.Errorf("the blob %s is missing", hash)
	}
	return io.NewSectionReader(section, 0, section.Size()), nil
}

func (a *archive) MediaType() (types.MediaType, error) { return a.parsed.MediaType, nil }

func (a *archive) RawManifest() ([]byte, error) { return a.manifest, nil }

func (a *archive) RawConfigFile() ([]byte, error) {
	section, err := a.blob(a.parsed.Config.Digest)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(section)
}

func (a *archive) LayerByDigest(hash v1.Hash) (partial.CompressedLayer, error) {
	for _, described := range a.parsed.Layers {
		if described.Digest == hash {
			section, err := a.blob(hash)
			return &archivedLayer{described, section}, err
		}
	}
	return nil, fmt.Errorf("the image has no layer %s", hash)
}

// archivedLayer is a layer as it lies in the archive.
type archivedLayer struct {
	described v1.Descriptor
	section   *io.SectionReader
}

func (l *archivedLayer) Digest() (v1.Hash, error) { return l.described.Digest, nil }

func (l *archivedLayer) Size() (int64, error) { return l.described.Size, nil }

func (l *archivedLayer) MediaType() (types.MediaType, error) { return l.described.MediaType, nil }

func (l *archivedLayer) Compressed() (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(l.section, 0, l.section.Size())), nil
}
