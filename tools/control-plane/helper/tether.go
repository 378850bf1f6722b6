package main

import (
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// The owner holds the other end of this descriptor and never writes to it.
const tetherDescriptor = 3

// tether runs a command with the standard streams and to the exit code of this process, and kills it
// when the tether breaks: a command that waits for something must not go on waiting for nobody.
func tether(argv []string) error {
	syscall.CloseOnExec(tetherDescriptor)
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	broken := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.NewFile(tetherDescriptor, "tether"))
		close(broken)
	}()

	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = ownGroup()
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		select {
		case <-broken:
		case <-terminated:
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended just now
	}()
	_ = cmd.Wait() // its outcome is in ProcessState
	os.Exit(cmd.ProcessState.ExitCode())
	return nil
}
