package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// request is one line on standard input.
type request struct {
	ID     int      `json:"id"`
	Op     string   `json:"op"` // "start" or "signal"
	Part   string   `json:"part"`
	Argv   []string `json:"argv"`
	Env    []string `json:"env"` // added to the supervisor's own
	Cwd    string   `json:"cwd"`
	Log    string   `json:"log"` // standard output and error are appended to it
	Signal string   `json:"signal"`
}

// message is one line on standard output: the answer to a request (ID), or news (Event).
type message struct {
	ID    int    `json:"id,omitempty"`
	Event string `json:"event,omitempty"` // "ready" (Dir), "exit" (Part, PID, Status)
	Dir   string `json:"dir,omitempty"`
	Part  string `json:"part,omitempty"`
	PID   int    `json:"pid,omitempty"`
	// How it ended, as Go prints it: "exit status 0", "signal: killed".
	Status string `json:"status,omitempty"`
	Error  string `json:"error,omitempty"`
}

var signals = map[string]syscall.Signal{
	"TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT,
}

type exit struct {
	part   string
	pid    int
	status string
}

type supervisor struct {
	parts map[string]int // part → process id, which is also its process group
	exits chan exit
	out   *json.Encoder
}

// A parent-death signal is tied to the thread that forked, so parts are started on the main thread,
// which lives as long as the process.
func init() { runtime.LockOSThread() }

// supervise makes a directory parent/prefix*, runs parts by request, and when standard input ends
// (however the owner ended) kills them with everything they started, removes the directory, and exits.
// With a lock file it first waits for the exclusive lock; the kernel drops the lock when it dies.
func supervise(parent, prefix, lock string) error {
	// Writing to an owner that is gone must not end the supervisor before it has cleaned up.
	signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP)
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM, syscall.SIGINT)
	requests := readRequests()

	if lock != "" {
		select {
		case err := <-acquire(lock):
			if err != nil {
				return err
			}
		case <-terminated:
			return nil
		case _, open := <-requests:
			if open {
				return errors.New("a request before the lock was held")
			}
			return nil
		}
	}
	dir, err := os.MkdirTemp(parent, prefix)
	if err != nil {
		return err
	}
	s := supervisor{parts: map[string]int{}, exits: make(chan exit), out: json.NewEncoder(os.Stdout)}
	s.say(message{Event: "ready", Dir: dir})
	s.serve(requests, terminated)
	s.killAll()
	return remove(dir)
}

func (s *supervisor) serve(requests <-chan request, terminated <-chan os.Signal) {
	for {
		select {
		case r, open := <-requests:
			if !open {
				return
			}
			s.say(s.handle(r))
		case e := <-s.exits:
			s.forget(e)
			s.say(message{Event: "exit", Part: e.part, PID: e.pid, Status: e.status})
		case <-terminated:
			return
		}
	}
}

func (s *supervisor) handle(r request) message {
	var err error
	switch r.Op {
	case "start":
		err = s.start(r)
	case "signal":
		err = s.signal(r)
	default:
		err = fmt.Errorf("unknown operation %q", r.Op)
	}
	if err != nil {
		return message{ID: r.ID, Part: r.Part, Error: err.Error()}
	}
	return message{ID: r.ID, Part: r.Part, PID: s.parts[r.Part]}
}

func (s *supervisor) start(r request) error {
	if pid, runs := s.parts[r.Part]; runs {
		return fmt.Errorf("%s already runs as process %d", r.Part, pid)
	}
	log, err := os.OpenFile(r.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(r.Argv[0], r.Argv[1:]...)
	cmd.Env = append(os.Environ(), r.Env...)
	cmd.Dir = r.Cwd
	cmd.Stdout = log
	cmd.Stderr = log
	cmd.SysProcAttr = ownGroup()
	if err := cmd.Start(); err != nil {
		return err
	}
	pid := cmd.Process.Pid
	s.parts[r.Part] = pid
	go func() {
		_ = cmd.Wait() // its outcome is in ProcessState
		s.exits <- exit{r.Part, pid, cmd.ProcessState.String()}
	}()
	return nil
}

func (s *supervisor) signal(r request) error {
	number, known := signals[r.Signal]
	if !known {
		return fmt.Errorf("unknown signal %q", r.Signal)
	}
	pid, runs := s.parts[r.Part]
	if !runs {
		return fmt.Errorf("%s does not run", r.Part)
	}
	return syscall.Kill(-pid, number)
}

func (s *supervisor) killAll() {
	for _, pid := range s.parts {
		_ = syscall.Kill(-pid, syscall.SIGKILL) // it may have ended by itself: its exit is on the way
	}
	for len(s.parts) > 0 {
		s.forget(<-s.exits)
	}
}

func (s *supervisor) forget(e exit) {
	if s.parts[e.part] == e.pid {
		delete(s.parts, e.part)
	}
}

func (s *supervisor) say(m message) {
	_ = s.out.Encode(m) // nobody there to read it: standard input ends too, and that is acted upon
}

func readRequests() <-chan request {
	requests := make(chan request)
	go func() {
		defer close(requests)
		lines := bufio.NewScanner(os.Stdin)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var r request
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				fmt.Fprintln(os.Stderr, "helper: not a request:", err)
				return
			}
			requests <- r
		}
	}()
	return requests
}

func acquire(path string) <-chan error {
	done := make(chan error, 1)
	go func() {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			done <- err
			return
		}
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			done <- err
			return
		}
		// The raw descriptor is never closed: the lock lives until the process ends.
		done <- syscall.Flock(keepOpen(file), syscall.LOCK_EX)
	}()
	return done
}

// held keeps the lock's file reachable: a collected *os.File closes its descriptor.
var held *os.File

func keepOpen(file *os.File) int {
	held = file
	return int(file.Fd())
}

// remove tries again while a process that is no part (a kubectl of the owner) still writes below dir.
func remove(dir string) error {
	var err error
	for range 50 {
		if err = os.RemoveAll(dir); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}
