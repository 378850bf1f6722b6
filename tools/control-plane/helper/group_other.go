//go:build !linux

package main

import "syscall"

// ownGroup gives a part its own process group; only Linux can tie its life to the supervisor's.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
