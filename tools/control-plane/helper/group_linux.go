package main

import "syscall"

// ownGroup gives a part its own process group, and its death should the supervisor itself be killed.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
