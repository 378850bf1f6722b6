package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// faults makes calls go wrong as the file fail/<Method> says, which is read anew on each call. Its lines:
//
//	<Code> <message>     answer this error; the name as gRPC for Go writes it, such as Unavailable
//	delay <duration>     wait first
//	hang                 do not answer before the caller gives up
//	after                do the work before all that: only the answer is late or lost
//	times <N>            only the first N calls since the file was written
//	empty | wrong        ListSnapshots: nothing, or another snapshot than the one asked for
//
// How often a fault was met is counted in fail/.met/<inode>-<time of writing>: one byte each. So a fault
// that is written again starts anew, and one that was removed can't come back by being counted.
type faults struct {
	mu  sync.Mutex
	dir string
}

type fault struct {
	err         error
	delay       time.Duration
	hang, after bool
	times       int64 // 0: every time
	answer      string
}

func openFaults(root string) (*faults, error) {
	dir := filepath.Join(root, "fail")
	return &faults{dir: dir}, os.MkdirAll(filepath.Join(dir, ".met"), 0o755)
}

func (f *faults) intercept(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	method := path.Base(info.FullMethod)
	found, err := f.meet(method)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "the fault of %s: %v", method, err)
	}
	if found == nil {
		return handle(ctx, req)
	}
	var response any
	if found.after {
		if response, err = handle(ctx, req); err != nil {
			return nil, err
		}
	}
	if err := found.wait(ctx); err != nil {
		return nil, err
	}
	if found.err != nil {
		return nil, found.err
	}
	if found.after {
		return response, nil
	}
	return handle(context.WithValue(ctx, answerKey{}, found.answer), req)
}

// meet gives the fault that this call is to have, and counts it; nil when there is none.
func (f *faults) meet(method string) (*fault, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	file, err := os.Open(filepath.Join(f.dir, method))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	found, err := parseFault(bufio.NewScanner(file))
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	inode := info.Sys().(*syscall.Stat_t).Ino
	met := filepath.Join(f.dir, ".met", fmt.Sprintf("%d-%d", inode, info.ModTime().UnixNano()))
	count, err := os.OpenFile(met, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer count.Close()
	already, err := count.Stat()
	if err != nil {
		return nil, err
	}
	if found.times > 0 && already.Size() >= found.times {
		return nil, nil
	}
	_, err = count.Write([]byte{'.'})
	return found, err
}

func parseFault(lines *bufio.Scanner) (*fault, error) {
	found := &fault{}
	for lines.Scan() {
		word, rest, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		var err error
		switch word {
		case "":
		case "delay":
			found.delay, err = time.ParseDuration(rest)
		case "hang":
			found.hang = true
		case "after":
			found.after = true
		case "times":
			found.times, err = strconv.ParseInt(rest, 10, 64)
		case "empty", "wrong":
			found.answer = word
		default:
			found.err, err = codeNamed(word, rest)
		}
		if err != nil {
			return nil, err
		}
	}
	return found, lines.Err()
}

func codeNamed(name, message string) (failure, err error) {
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		if code.String() == name {
			return status.Error(code, message), nil
		}
	}
	return nil, fmt.Errorf("%q is no word of a fault and no gRPC code", name)
}

func (f *fault) wait(ctx context.Context) error {
	var late <-chan time.Time
	if !f.hang {
		late = time.After(f.delay)
	}
	select {
	case <-late:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

type answerKey struct{}

// answerOf is how ListSnapshots is to answer: "empty", "wrong", or "" for the truth.
func answerOf(ctx context.Context) string {
	answer, _ := ctx.Value(answerKey{}).(string)
	return answer
}
