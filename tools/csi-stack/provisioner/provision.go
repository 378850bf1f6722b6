package main

import (
	"context"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

type provisioner struct {
	driver  string
	volumes csi.ControllerClient
	timeout time.Duration
	sources sources
}

var _ controller.BlockProvisioner = (*provisioner)(nil)

func (p *provisioner) SupportsBlock(context.Context) bool { return true }

func (p *provisioner) Provision(ctx context.Context, options controller.ProvisionOptions) (*core.PersistentVolume, controller.ProvisioningState, error) {
	claim := options.PVC
	source, err := p.sources.of(ctx, claim)
	if err != nil {
		// The driver was not asked: an earlier call may still go on there.
		return nil, controller.ProvisioningNoChange, err
	}
	request := claim.Spec.Resources.Requests[core.ResourceStorage]
	limit := claim.Spec.Resources.Limits[core.ResourceStorage]
	calling, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	response, err := p.volumes.CreateVolume(calling, &csi.CreateVolumeRequest{
		Name:                options.PVName,
		CapacityRange:       &csi.CapacityRange{RequiredBytes: request.Value(), LimitBytes: limit.Value()},
		VolumeCapabilities:  capabilities(claim),
		Parameters:          options.StorageClass.Parameters,
		VolumeContentSource: source,
	})
	if err != nil {
		if isFinal(err) {
			return nil, controller.ProvisioningFinished, err
		}
		return nil, controller.ProvisioningInBackground, err
	}
	volume := response.GetVolume()
	size := request
	if volume.GetCapacityBytes() > 0 {
		size = *resource.NewQuantity(volume.GetCapacityBytes(), resource.BinarySI)
	}
	return &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: options.PVName},
		Spec: core.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			MountOptions:                  options.StorageClass.MountOptions,
			AccessModes:                   claim.Spec.AccessModes,
			VolumeMode:                    claim.Spec.VolumeMode,
			Capacity:                      core.ResourceList{core.ResourceStorage: size},
			PersistentVolumeSource: core.PersistentVolumeSource{CSI: &core.CSIPersistentVolumeSource{
				Driver:           p.driver,
				VolumeHandle:     volume.GetVolumeId(),
				VolumeAttributes: volume.GetVolumeContext(),
			}},
		},
	}, controller.ProvisioningFinished, nil
}

// isFinal says of a refused call that nothing goes on at the driver because of it.
func isFinal(err error) bool {
	switch status.Code(err) {
	case codes.Canceled, codes.DeadlineExceeded, codes.Unavailable, codes.ResourceExhausted, codes.Aborted:
		return false
	default:
		return true
	}
}

func capabilities(claim *core.PersistentVolumeClaim) []*csi.VolumeCapability {
	var wanted []*csi.VolumeCapability
	for _, mode := range claim.Spec.AccessModes {
		one := &csi.VolumeCapability{AccessMode: &csi.VolumeCapability_AccessMode{Mode: accessMode(mode)}}
		if modeOf(claim.Spec.VolumeMode) == core.PersistentVolumeBlock {
			one.AccessType = &csi.VolumeCapability_Block{Block: &csi.VolumeCapability_BlockVolume{}}
		} else {
			one.AccessType = &csi.VolumeCapability_Mount{Mount: &csi.VolumeCapability_MountVolume{}}
		}
		wanted = append(wanted, one)
	}
	return wanted
}

func accessMode(mode core.PersistentVolumeAccessMode) csi.VolumeCapability_AccessMode_Mode {
	switch mode {
	case core.ReadWriteMany:
		return csi.VolumeCapability_AccessMode_MULTI_NODE_MULTI_WRITER
	case core.ReadOnlyMany:
		return csi.VolumeCapability_AccessMode_MULTI_NODE_READER_ONLY
	default:
		return csi.VolumeCapability_AccessMode_SINGLE_NODE_WRITER
	}
}

// modeOf gives what a mode that was left out means.
func modeOf(mode *core.PersistentVolumeMode) core.PersistentVolumeMode {
	if mode == nil {
		return core.PersistentVolumeFilesystem
	}
	return *mode
}

// Delete is called by the library for released volumes with reclaim policy Delete.
func (p *provisioner) Delete(ctx context.Context, volume *core.PersistentVolume) error {
	if volume.Spec.CSI == nil || volume.Spec.CSI.Driver != p.driver {
		return &controller.IgnoredError{Reason: "the volume is not of the driver " + p.driver}
	}
	calling, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	_, err := p.volumes.DeleteVolume(calling, &csi.DeleteVolumeRequest{VolumeId: volume.Spec.CSI.VolumeHandle})
	return err
}
