package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// kind is a directory of the store and, without its last letter, the first word of its handles.
type kind string

const (
	volumes   kind = "volumes"
	snapshots kind = "snapshots"
)

// meta is what is known of a volume or snapshot besides its bytes.
type meta struct {
	Name string `json:"name"` // given by the caller, who asks for the same one by it
	Size int64  `json:"size"` // in bytes; promised, not enforced
	// Of a volume: the handle of what it was made from, "" for nothing. Of a snapshot: its volume.
	Source  string    `json:"source,omitempty"`
	Created time.Time `json:"created"`
	// Of a snapshot: when it says that it can be used.
	ReadyAt time.Time `json:"readyAt,omitzero"`
	// Of a snapshot: it goes with its volume.
	DependsOnVolume bool `json:"dependsOnVolume,omitempty"`
}

// entry is a volume or snapshot with its handle.
type entry struct {
	meta
	handle string
}

// store keeps volumes and snapshots as directories. Changes wait for each other; readers see all or nothing.
type store struct {
	mu   sync.Mutex
	root string
}

func openStore(root string) (*store, error) {
	s := &store{root: root}
	// What was unfinished when a former process ended.
	if err := os.RemoveAll(s.drafts()); err != nil {
		return nil, err
	}
	for _, dir := range []string{s.dir(volumes), s.dir(snapshots), s.drafts()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *store) drafts() string    { return filepath.Join(s.root, "drafts") }
func (s *store) dir(k kind) string { return filepath.Join(s.root, string(k)) }

func (s *store) data(k kind, handle string) string {
	return filepath.Join(s.dir(k), handle, "data")
}

// stem is what the handles of a name begin with. The rest differs each time, as with any storage:
// a name that is used again never gives an old handle.
func (k kind) stem(name string) string {
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%s-%s-", strings.TrimSuffix(string(k), "s"), hex.EncodeToString(sum[:6]))
}

// get gives nil for a handle that there is not (any more).
func (s *store) get(k kind, handle string) (*entry, error) {
	if handle == "" || handle != filepath.Base(handle) {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Join(s.dir(k), handle, "meta.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	found := &entry{handle: handle}
	return found, json.Unmarshal(text, &found.meta)
}

// named gives what was made under this name; nil for nothing.
func (s *store) named(k kind, name string) (*entry, error) {
	handles, err := s.handles(k)
	if err != nil {
		return nil, err
	}
	stem := k.stem(name)
	at, _ := slices.BinarySearch(handles, stem)
	if at == len(handles) || !strings.HasPrefix(handles[at], stem) {
		return nil, nil
	}
	return s.get(k, handles[at])
}

// handles are in order.
func (s *store) handles(k kind) ([]string, error) {
	found, err := os.ReadDir(s.dir(k))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(found))
	for i, one := range found {
		names[i] = one.Name()
	}
	return names, nil
}

func (s *store) all(k kind) ([]*entry, error) {
	handles, err := s.handles(k)
	if err != nil {
		return nil, err
	}
	var found []*entry
	for _, handle := range handles {
		one, err := s.get(k, handle)
		if err != nil {
			return nil, err
		}
		if one != nil { // else it was removed just now
			found = append(found, one)
		}
	}
	return found, nil
}

// create makes a volume or snapshot whose bytes are a copy of the directory `from`, or none.
func (s *store) create(ctx context.Context, k kind, m meta, from string) (*entry, error) {
	draft, err := os.MkdirTemp(s.drafts(), "")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(draft)
	data := filepath.Join(draft, "data")
	if err := os.Mkdir(data, 0o777); err != nil {
		return nil, err
	}
	if from != "" {
		// cp clones blocks where the file system can, and keeps holes, owners, times and links.
		if out, err := exec.CommandContext(ctx, "cp", "-a", from+"/.", data).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("cp: %w: %s", err, strings.TrimSpace(string(out)))
		}
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(draft, "meta.json"), text, 0o644); err != nil {
		return nil, err
	}
	handle := k.stem(m.Name) + strings.ToLower(rand.Text()[:8])
	if err := os.Chmod(draft, 0o755); err != nil {
		return nil, err
	}
	return &entry{meta: m, handle: handle}, os.Rename(draft, filepath.Join(s.dir(k), handle))
}

// remove is content with a handle that there is not.
func (s *store) remove(k kind, handle string) error {
	if found, err := s.get(k, handle); found == nil || err != nil {
		return err
	}
	trash, err := os.MkdirTemp(s.drafts(), "")
	if err != nil {
		return err
	}
	defer os.RemoveAll(trash)
	return os.Rename(filepath.Join(s.dir(k), handle), filepath.Join(trash, "gone"))
}
