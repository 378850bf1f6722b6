package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Parameters of a VolumeSnapshotClass.
const (
	// readyAfter is a duration for which a new snapshot says that it is not ready to use.
	readyAfter = "readyAfter"
	// dependsOnVolume "true" makes a snapshot go with its volume, as the snapshots of some storage do.
	dependsOnVolume = "dependsOnVolume"
)

func (d *driver) CreateSnapshot(ctx context.Context, req *csi.CreateSnapshotRequest) (*csi.CreateSnapshotResponse, error) {
	if req.GetName() == "" || req.GetSourceVolumeId() == "" {
		return nil, status.Error(codes.InvalidArgument, "name and source_volume_id are needed")
	}
	wait, depends, err := snapshotParameters(req.GetParameters())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	found, err := d.store.named(snapshots, req.GetName())
	if err != nil {
		return nil, internal(err)
	}
	if found == nil {
		volume, err := d.volume(req.GetSourceVolumeId())
		if err != nil {
			return nil, err
		}
		now := time.Now()
		m := meta{Name: req.GetName(), Size: volume.Size, Source: volume.handle, Created: now, DependsOnVolume: depends}
		if wait > 0 {
			m.ReadyAt = now.Add(wait)
		}
		if found, err = d.store.create(ctx, snapshots, m, d.store.data(volumes, volume.handle)); err != nil {
			return nil, internal(err)
		}
	}
	if found.Source != req.GetSourceVolumeId() {
		return nil, status.Errorf(codes.AlreadyExists, "%s is %s, of the volume %s", req.GetName(), found.handle, found.Source)
	}
	return &csi.CreateSnapshotResponse{Snapshot: found.snapshot()}, nil
}

func snapshotParameters(given map[string]string) (wait time.Duration, depends bool, err error) {
	if text, ok := given[readyAfter]; ok {
		if wait, err = time.ParseDuration(text); err != nil {
			return 0, false, fmt.Errorf("parameter %s: %w", readyAfter, err)
		}
	}
	if text, ok := given[dependsOnVolume]; ok {
		if depends, err = strconv.ParseBool(text); err != nil {
			return 0, false, fmt.Errorf("parameter %s: %w", dependsOnVolume, err)
		}
	}
	return wait, depends, nil
}

func (e *entry) snapshot() *csi.Snapshot {
	return &csi.Snapshot{
		SnapshotId:     e.handle,
		SourceVolumeId: e.Source,
		SizeBytes:      e.Size,
		CreationTime:   timestamppb.New(e.Created),
		ReadyToUse:     !time.Now().Before(e.ReadyAt),
	}
}

func (d *driver) DeleteSnapshot(_ context.Context, req *csi.DeleteSnapshotRequest) (*csi.DeleteSnapshotResponse, error) {
	if req.GetSnapshotId() == "" {
		return nil, status.Error(codes.InvalidArgument, "snapshot_id is needed")
	}
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	if err := d.store.remove(snapshots, req.GetSnapshotId()); err != nil {
		return nil, internal(err)
	}
	return &csi.DeleteSnapshotResponse{}, nil
}

func (d *driver) ListSnapshots(ctx context.Context, req *csi.ListSnapshotsRequest) (*csi.ListSnapshotsResponse, error) {
	if token := req.GetStartingToken(); token != "" && !strings.HasPrefix(token, "snapshot-") {
		return nil, status.Errorf(codes.Aborted, "%q is no token of this driver", token)
	}
	found, err := d.store.all(snapshots)
	if err != nil {
		return nil, internal(err)
	}
	found = slices.DeleteFunc(found, func(one *entry) bool {
		isAsked := (req.GetSnapshotId() == "" || req.GetSnapshotId() == one.handle) &&
			(req.GetSourceVolumeId() == "" || req.GetSourceVolumeId() == one.Source)
		switch answerOf(ctx) {
		case "empty":
			return true
		case "wrong":
			return isAsked
		default:
			return !isAsked
		}
	})
	return page(found, req.GetStartingToken(), int(req.GetMaxEntries())), nil
}

// page gives at most `limit` entries (0: all) from the handle `first` on. The token of the next page is
// the handle it begins with, so that snapshots which come and go in between shift nothing.
func page(found []*entry, first string, limit int) *csi.ListSnapshotsResponse {
	at, _ := slices.BinarySearchFunc(found, first, func(one *entry, handle string) int {
		return strings.Compare(one.handle, handle)
	})
	response := &csi.ListSnapshotsResponse{}
	for _, one := range found[at:] {
		if limit > 0 && len(response.Entries) == limit {
			response.NextToken = one.handle
			break
		}
		response.Entries = append(response.Entries, &csi.ListSnapshotsResponse_Entry{Snapshot: one.snapshot()})
	}
	return response
}
