package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// changed is the modification time of everything: an image depends on contents only.
var changed = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// layer is a tar archive that is made anew each time it is read, so that no copy of it lies around.
type layer struct {
	entries map[string]entry
	gzip    bool
	diffID  v1.Hash
	digest  v1.Hash
	size    int64
}

func newLayer(s layerSpec) (*layer, error) {
	entries, err := s.entries()
	if err != nil {
		return nil, err
	}
	l := &layer{entries: entries, gzip: s.Gzip}
	plain, packed := sha256.New(), sha256.New()
	counter := &counter{}
	if err := l.write(plain, io.MultiWriter(packed, counter)); err != nil {
		return nil, err
	}
	l.diffID = v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(plain.Sum(nil))}
	l.digest = v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(packed.Sum(nil))}
	l.size = counter.bytes
	return l, nil
}

type counter struct{ bytes int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	return len(p), nil
}

// write writes the archive to plain (if wanted) and, compressed if the layer is, to packed.
func (l *layer) write(plain, packed io.Writer) error {
	if !l.gzip {
		if plain != nil {
			packed = io.MultiWriter(plain, packed)
		}
		return l.tar(packed)
	}
	zip, err := gzip.NewWriterLevel(packed, gzip.BestSpeed)
	if err != nil {
		return err
	}
	var out io.Writer = zip
	if plain != nil {
		out = io.MultiWriter(plain, zip)
	}
	return errors.Join(l.tar(out), zip.Close())
}

func (l *layer) tar(out io.Writer) error {
	w := tar.NewWriter(out)
	for _, name := range sortedNames(l.entries) {
		if err := l.entries[name].write(w, name); err != nil {
			return fmt.Errorf("/%s: %w", name, err)
		}
	}
	return w.Close()
}

func (e entry) write(w *tar.Writer, name string) error {
	header := &tar.Header{Name: name, Mode: e.mode, ModTime: changed, Typeflag: tar.TypeReg}
	var content io.Reader
	switch e.kind {
	case kindDir:
		header.Typeflag, header.Name = tar.TypeDir, name+"/"
	case kindLink:
		header.Typeflag, header.Linkname = tar.TypeSymlink, e.link
	case kindText:
		header.Size, content = int64(len(e.text)), bytes.NewReader([]byte(e.text))
	case kindFile:
		file, err := os.Open(e.from)
		if err != nil {
			return err
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			return err
		}
		header.Size, content = info.Size(), file
	}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	if content == nil {
		return nil
	}
	_, err := io.CopyBuffer(struct{ io.Writer }{w}, content, make([]byte, 1<<20))
	return err
}

func (l *layer) Digest() (v1.Hash, error) { return l.digest, nil }

func (l *layer) DiffID() (v1.Hash, error) { return l.diffID, nil }

func (l *layer) Size() (int64, error) { return l.size, nil }

func (l *layer) MediaType() (types.MediaType, error) {
	if l.gzip {
		return types.OCILayer, nil
	}
	return types.OCIUncompressedLayer, nil
}

func (l *layer) Compressed() (io.ReadCloser, error) {
	return stream(func(w io.Writer) error { return l.write(nil, w) }), nil
}

func (l *layer) Uncompressed() (io.ReadCloser, error) { return stream(l.tar), nil }

func stream(write func(io.Writer) error) io.ReadCloser {
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(write(writer)) }()
	return reader
}
