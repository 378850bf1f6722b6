package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/container-storage-interface/spec/lib/go/csi"
	api "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	snapshot "github.com/kubernetes-csi/external-snapshotter/client/v8/clientset/versioned"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

const (
	asSourceFinalizer   = "snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection"
	allowModeAnnotation = "snapshot.storage.kubernetes.io/allow-volume-mode-change"
)

// sources finds out what a new volume is to be filled from, by the rules of external-provisioner.
type sources struct {
	driver    string
	kube      kubernetes.Interface
	snapshots snapshot.Interface
}

// of gives nil for a claim that asks for an empty volume. Its errors say which rule forbids the source (now).
func (s *sources) of(ctx context.Context, claim *core.PersistentVolumeClaim) (*csi.VolumeContentSource, error) {
	wanted := claim.Spec.DataSource
	if wanted == nil {
		if other := claim.Spec.DataSourceRef; other != nil {
			return nil, &controller.IgnoredError{Reason: fmt.Sprintf("%s %s is for somebody else to fill from", other.Kind, other.Name)}
		}
		return nil, nil
	}
	group := ""
	if wanted.APIGroup != nil {
		group = *wanted.APIGroup
	}
	switch {
	case group == api.GroupName && wanted.Kind == "VolumeSnapshot":
		return s.snapshot(ctx, claim, wanted.Name)
	case group == "" && wanted.Kind == "PersistentVolumeClaim":
		return s.clone(ctx, claim, wanted.Name)
	default:
		return nil, &controller.IgnoredError{Reason: fmt.Sprintf("%s %s is for somebody else to fill from", wanted.Kind, wanted.Name)}
	}
}

func (s *sources) snapshot(ctx context.Context, claim *core.PersistentVolumeClaim, name string) (*csi.VolumeContentSource, error) {
	found, err := s.snapshots.SnapshotV1().VolumeSnapshots(claim.Namespace).Get(ctx, name, meta.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("VolumeSnapshot %s/%s: %w", claim.Namespace, name, err)
	}
	// One that is going away is kept for the claims that hold it, and so may still be read.
	if found.DeletionTimestamp != nil && !slices.Contains(found.Finalizers, asSourceFinalizer) {
		return nil, fmt.Errorf("VolumeSnapshot %s/%s is being deleted", claim.Namespace, name)
	}
	if found.Status == nil || found.Status.BoundVolumeSnapshotContentName == nil {
		return nil, fmt.Errorf("VolumeSnapshot %s/%s is not bound", claim.Namespace, name)
	}
	contentName := *found.Status.BoundVolumeSnapshotContentName
	content, err := s.snapshots.SnapshotV1().VolumeSnapshotContents().Get(ctx, contentName, meta.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("VolumeSnapshotContent %s: %w", contentName, err)
	}
	if err := s.check(claim, found, content); err != nil {
		return nil, fmt.Errorf("VolumeSnapshot %s/%s: %w", claim.Namespace, name, err)
	}
	from := &csi.VolumeContentSource_SnapshotSource{SnapshotId: *content.Status.SnapshotHandle}
	return &csi.VolumeContentSource{Type: &csi.VolumeContentSource_Snapshot{Snapshot: from}}, nil
}

// check applies the rules that concern a snapshot and its content together.
func (s *sources) check(claim *core.PersistentVolumeClaim, found *api.VolumeSnapshot, content *api.VolumeSnapshotContent) error {
	ref := content.Spec.VolumeSnapshotRef
	switch {
	case ref.UID != found.UID || ref.Name != found.Name || ref.Namespace != found.Namespace:
		return fmt.Errorf("its content %s is bound to another one, %s/%s", content.Name, ref.Namespace, ref.Name)
	case content.Spec.Driver != s.driver:
		return fmt.Errorf("it is of the driver %s, not of %s", content.Spec.Driver, s.driver)
	case found.Status.ReadyToUse == nil || !*found.Status.ReadyToUse:
		return fmt.Errorf("it is not ready to use")
	case content.Status == nil || content.Status.SnapshotHandle == nil:
		return fmt.Errorf("its content %s has no handle", content.Name)
	case found.Status.RestoreSize != nil && isSmaller(claim, *found.Status.RestoreSize):
		return fmt.Errorf("the claim asks for less than its size, %s", found.Status.RestoreSize)
	case content.Spec.SourceVolumeMode != nil &&
		*content.Spec.SourceVolumeMode != modeOf(claim.Spec.VolumeMode) &&
		content.Annotations[allowModeAnnotation] != "true":
		return fmt.Errorf("its volume had the mode %s, and %s does not allow another", *content.Spec.SourceVolumeMode, content.Name)
	}
	return nil
}

func (s *sources) clone(ctx context.Context, claim *core.PersistentVolumeClaim, name string) (*csi.VolumeContentSource, error) {
	source, err := s.kube.CoreV1().PersistentVolumeClaims(claim.Namespace).Get(ctx, name, meta.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("PersistentVolumeClaim %s/%s: %w", claim.Namespace, name, err)
	}
	if source.DeletionTimestamp != nil || source.Status.Phase != core.ClaimBound || source.Spec.VolumeName == "" {
		return nil, fmt.Errorf("PersistentVolumeClaim %s/%s is being deleted or not bound", claim.Namespace, name)
	}
	volume, err := s.kube.CoreV1().PersistentVolumes().Get(ctx, source.Spec.VolumeName, meta.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("PersistentVolume %s: %w", source.Spec.VolumeName, err)
	}
	switch {
	case volume.Spec.CSI == nil || volume.Spec.CSI.Driver != s.driver:
		return nil, fmt.Errorf("PersistentVolume %s is not of the driver %s", volume.Name, s.driver)
	case volume.Spec.ClaimRef == nil || volume.Spec.ClaimRef.UID != source.UID:
		return nil, fmt.Errorf("PersistentVolume %s is bound to another claim than %s/%s", volume.Name, claim.Namespace, name)
	case isSmaller(claim, volume.Spec.Capacity[core.ResourceStorage]):
		return nil, fmt.Errorf("the claim asks for less than the size of %s", volume.Name)
	case modeOf(volume.Spec.VolumeMode) != modeOf(claim.Spec.VolumeMode):
		return nil, fmt.Errorf("PersistentVolume %s has the mode %s", volume.Name, modeOf(volume.Spec.VolumeMode))
	}
	from := &csi.VolumeContentSource_VolumeSource{VolumeId: volume.Spec.CSI.VolumeHandle}
	return &csi.VolumeContentSource{Type: &csi.VolumeContentSource_Volume{Volume: from}}, nil
}

func isSmaller(claim *core.PersistentVolumeClaim, size resource.Quantity) bool {
	request := claim.Spec.Resources.Requests[core.ResourceStorage]
	return request.Cmp(size) < 0
}
