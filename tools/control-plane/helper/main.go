// Command helper does what the test harness cannot do from Node: it issues certificates, and it
// sees to it that no process and no directory of a control plane outlives its owner.
//
//	helper authority DIR                       a CA, the serving certificate, the service-account key pair
//	helper client DIR OUT USER [GROUP ...]     OUT.crt and OUT.key for USER, signed by the CA in DIR
//	helper supervise PARENT PREFIX [LOCK]      see supervise.go
//	helper tether COMMAND [ARGUMENT ...]       see tether.go
package main

import (
	"errors"
	"fmt"
	"os"
)

var errUsage = errors.New("usage: helper authority DIR | client DIR OUT USER [GROUP ...] | supervise PARENT PREFIX [LOCK] | tether COMMAND [ARGUMENT ...]")

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "helper:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "authority":
		return writeAuthority(args[1])
	case len(args) >= 4 && args[0] == "client":
		return writeClient(args[1], args[2], args[3], args[4:])
	case len(args) == 3 && args[0] == "supervise":
		return supervise(args[1], args[2], "")
	case len(args) == 4 && args[0] == "supervise":
		return supervise(args[1], args[2], args[3])
	case len(args) >= 2 && args[0] == "tether":
		return tether(args[1:])
	default:
		return errUsage
	}
}
