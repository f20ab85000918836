package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// spec describes an image. Paths inside the image are absolute.
type spec struct {
	// Ref is the full name the image has after it was imported.
	Ref          string            `json:"ref"`
	Architecture string            `json:"architecture"`
	Layers       []layerSpec       `json:"layers"`
	Entrypoint   []string          `json:"entrypoint"`
	Cmd          []string          `json:"cmd"`
	Env          []string          `json:"env"`
	User         string            `json:"user"`
	Workdir      string            `json:"workdir"`
	Labels       map[string]string `json:"labels"`
}

// layerSpec lists what a layer consists of. The same content gives the same digest, in whatever image.
type layerSpec struct {
	Comment string `json:"comment"`
	// Gzip compresses the layer with level 1.
	Gzip  bool       `json:"gzip"`
	Files []fileSpec `json:"files"`
	Trees []treeSpec `json:"trees"`
	Dirs  []dirSpec  `json:"dirs"`
	Links []linkSpec `json:"links"`
	Text  []textSpec `json:"text"`
}

type fileSpec struct{ From, To, Mode string }

// treeSpec copies a folder whole. A pattern without a slash is about names at any depth, one with a slash about the
// path below From. Folders that end up without files are left out.
type treeSpec struct {
	From, To         string
	Include, Exclude []string
}

type dirSpec struct{ Path, Mode string }

// linkSpec is a symbolic link at Path that points to To.
type linkSpec struct{ Path, To string }

type textSpec struct{ Path, Content, Mode string }

// entry is one member of a layer; its content is in the file From, or is Text.
type entry struct {
	kind byte
	mode int64
	from string
	text string
	link string
}

const (
	kindFile = '0'
	kindText = 't'
	kindLink = '2'
	kindDir  = '5'
)

func readSpec(file string) (*spec, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s := &spec{}
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(s); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if s.Ref == "" || s.Architecture == "" || len(s.Layers) == 0 {
		return nil, fmt.Errorf("%s: ref, architecture and layers are required", file)
	}
	return s, nil
}

// entries resolves a layer's description to its members by path without a leading slash.
func (l *layerSpec) entries() (map[string]entry, error) {
	all := map[string]entry{}
	add := func(to string, e entry) error {
		name := strings.TrimPrefix(path.Clean("/"+to), "/")
		if name == "" {
			return nil
		}
		if old, taken := all[name]; taken && !(old.kind == kindDir && e.kind == kindDir) {
			return fmt.Errorf("/%s is in the layer twice", name)
		}
		all[name] = e
		return nil
	}
	for _, d := range l.Dirs {
		mode, err := modeOf(d.Mode, 0o755)
		if err != nil {
			return nil, err
		}
		if err := add(d.Path, entry{kind: kindDir, mode: mode}); err != nil {
			return nil, err
		}
	}
	for _, f := range l.Files {
		info, err := os.Stat(f.From)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is not a file", f.From)
		}
		mode, err := modeOf(f.Mode, plainMode(info.Mode()))
		if err != nil {
			return nil, err
		}
		if err := add(f.To, entry{kind: kindFile, mode: mode, from: f.From}); err != nil {
			return nil, err
		}
	}
	for _, t := range l.Text {
		mode, err := modeOf(t.Mode, 0o644)
		if err != nil {
			return nil, err
		}
		if err := add(t.Path, entry{kind: kindText, mode: mode, text: t.Content}); err != nil {
			return nil, err
		}
	}
	for _, k := range l.Links {
		if err := add(k.Path, entry{kind: kindLink, mode: 0o777, link: k.To}); err != nil {
			return nil, err
		}
	}
	for _, t := range l.Trees {
		if err := t.walk(add); err != nil {
			return nil, err
		}
	}
	for name := range all {
		for parent := path.Dir(name); parent != "."; parent = path.Dir(parent) {
			if e, there := all[parent]; !there {
				all[parent] = entry{kind: kindDir, mode: 0o755}
			} else if e.kind != kindDir {
				return nil, fmt.Errorf("/%s is in the layer, but /%s is not a folder", name, parent)
			}
		}
	}
	return all, nil
}

func (t *treeSpec) walk(add func(string, entry) error) error {
	return filepath.WalkDir(t.From, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(t.From, file)
		if err != nil {
			return err
		}
		if relative != "." && matches(t.Exclude, relative) {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.IsDir() || (len(t.Include) > 0 && !matches(t.Include, relative)) {
			return nil
		}
		to := path.Join(t.To, filepath.ToSlash(relative))
		if d.Type()&fs.ModeSymlink != 0 {
			link, err := os.Readlink(file)
			if err != nil {
				return err
			}
			return add(to, entry{kind: kindLink, mode: 0o777, link: link})
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is neither a file nor a link", file)
		}
		return add(to, entry{kind: kindFile, mode: plainMode(info.Mode()), from: file})
	})
}

func matches(patterns []string, relative string) bool {
	for _, pattern := range patterns {
		subject := relative
		if !strings.Contains(pattern, "/") {
			subject = filepath.Base(relative)
		}
		if ok, _ := filepath.Match(pattern, subject); ok {
			return true
		}
	}
	return false
}

// plainMode keeps only whether a file can be run: what else a checkout's umask made of it is not part of the image.
func plainMode(mode fs.FileMode) int64 {
	if mode&0o111 != 0 {
		return 0o755
	}
	return 0o644
}

func modeOf(text string, otherwise int64) (int64, error) {
	if text == "" {
		return otherwise, nil
	}
	mode, err := strconv.ParseInt(text, 8, 64)
	if err != nil || mode < 0 || mode > 0o7777 {
		return 0, fmt.Errorf("%q is not a file mode", text)
	}
	return mode, nil
}

func sortedNames(entries map[string]entry) []string {
	names := make([]string, 0, len(entries))
	for name := range entries {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
