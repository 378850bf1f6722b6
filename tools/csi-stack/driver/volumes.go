package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	defaultSize = 1 << 20
	largestSize = 1 << 40
)

func (d *driver) CreateVolume(ctx context.Context, req *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	if req.GetName() == "" || len(req.GetVolumeCapabilities()) == 0 {
		return nil, status.Error(codes.InvalidArgument, "name and volume_capabilities are needed")
	}
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	source := sourceOf(req.GetVolumeContentSource())
	found, err := d.store.named(volumes, req.GetName())
	if err != nil {
		return nil, internal(err)
	}
	if found == nil {
		if found, err = d.makeVolume(ctx, req, source); err != nil {
			return nil, err
		}
	}
	if found.Source != source || !fits(req.GetCapacityRange(), found.Size) {
		return nil, status.Errorf(codes.AlreadyExists, "%s is %s, of another size or source", req.GetName(), found.handle)
	}
	return &csi.CreateVolumeResponse{Volume: &csi.Volume{
		VolumeId:      found.handle,
		CapacityBytes: found.Size,
		ContentSource: req.GetVolumeContentSource(),
	}}, nil
}

func (d *driver) makeVolume(ctx context.Context, req *csi.CreateVolumeRequest, source string) (*entry, error) {
	from, least := "", int64(defaultSize)
	if req.GetVolumeContentSource() != nil {
		k := snapshots
		if req.GetVolumeContentSource().GetVolume() != nil {
			k = volumes
		}
		origin, err := d.store.get(k, source)
		switch {
		case err != nil:
			return nil, internal(err)
		case origin == nil:
			return nil, status.Errorf(codes.NotFound, "there is nothing with the handle %q to make a volume from", source)
		case time.Now().Before(origin.ReadyAt):
			return nil, status.Errorf(codes.Unavailable, "%s is not ready yet", source)
		}
		from, least = d.store.data(k, source), origin.Size
	}
	size := max(req.GetCapacityRange().GetRequiredBytes(), least)
	if req.GetCapacityRange().GetRequiredBytes() == 0 && from == "" {
		// No less was asked for: a limit below the default is kept.
		if limit := req.GetCapacityRange().GetLimitBytes(); limit > 0 {
			size = min(size, limit)
		}
	}
	if size > largestSize || !fits(req.GetCapacityRange(), size) {
		return nil, status.Errorf(codes.OutOfRange, "a volume of %d bytes from %q is impossible within the range asked for", size, source)
	}
	made, err := d.store.create(ctx, volumes, meta{Name: req.GetName(), Size: size, Source: source, Created: time.Now()}, from)
	if err != nil {
		return nil, internal(err)
	}
	return made, nil
}

// sourceOf gives the handle of what a volume is to be made from; "" for nothing.
func sourceOf(source *csi.VolumeContentSource) string {
	if snapshot := source.GetSnapshot(); snapshot != nil {
		return snapshot.GetSnapshotId()
	}
	return source.GetVolume().GetVolumeId()
}

// fits says whether a size is within the range; a bound of zero is none.
func fits(wanted *csi.CapacityRange, size int64) bool {
	limit := wanted.GetLimitBytes()
	return size >= wanted.GetRequiredBytes() && (limit == 0 || size <= limit)
}

func (d *driver) DeleteVolume(_ context.Context, req *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	if req.GetVolumeId() == "" {
		return nil, status.Error(codes.InvalidArgument, "volume_id is needed")
	}
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	taken, err := d.store.all(snapshots)
	if err != nil {
		return nil, internal(err)
	}
	for _, one := range taken {
		if one.DependsOnVolume && one.Source == req.GetVolumeId() {
			if err := d.store.remove(snapshots, one.handle); err != nil {
				return nil, internal(err)
			}
		}
	}
	if err := d.store.remove(volumes, req.GetVolumeId()); err != nil {
		return nil, internal(err)
	}
	return &csi.DeleteVolumeResponse{}, nil
}

func (d *driver) ValidateVolumeCapabilities(_ context.Context, req *csi.ValidateVolumeCapabilitiesRequest) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	if req.GetVolumeId() == "" || len(req.GetVolumeCapabilities()) == 0 {
		return nil, status.Error(codes.InvalidArgument, "volume_id and volume_capabilities are needed")
	}
	if _, err := d.volume(req.GetVolumeId()); err != nil {
		return nil, err
	}
	return &csi.ValidateVolumeCapabilitiesResponse{Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{
		VolumeContext:      req.GetVolumeContext(),
		VolumeCapabilities: req.GetVolumeCapabilities(),
		Parameters:         req.GetParameters(),
	}}, nil
}

func (d *driver) volume(handle string) (*entry, error) {
	found, err := d.store.get(volumes, handle)
	if err != nil {
		return nil, internal(err)
	}
	if found == nil {
		return nil, status.Errorf(codes.NotFound, "no volume has the handle %q", handle)
	}
	return found, nil
}

// NodePublishVolume gives the volume's directory at the target by a symbolic link: no mount, no privilege.
func (d *driver) NodePublishVolume(_ context.Context, req *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	if req.GetVolumeId() == "" || req.GetTargetPath() == "" || req.GetVolumeCapability() == nil {
		return nil, status.Error(codes.InvalidArgument, "volume_id, target_path and volume_capability are needed")
	}
	if _, err := d.volume(req.GetVolumeId()); err != nil {
		return nil, err
	}
	data := d.store.data(volumes, req.GetVolumeId())
	if there, err := os.Readlink(req.GetTargetPath()); err == nil && there == data {
		return &csi.NodePublishVolumeResponse{}, nil
	}
	if err := os.Symlink(data, req.GetTargetPath()); err != nil {
		return nil, internal(err)
	}
	return &csi.NodePublishVolumeResponse{}, nil
}

func (d *driver) NodeUnpublishVolume(_ context.Context, req *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	if req.GetVolumeId() == "" || req.GetTargetPath() == "" {
		return nil, status.Error(codes.InvalidArgument, "volume_id and target_path are needed")
	}
	// The link alone goes: os.Remove follows none.
	if err := os.Remove(req.GetTargetPath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, internal(err)
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

func internal(err error) error { return status.Error(codes.Internal, err.Error()) }
