// Keyhall issues, shares and governs API keys. This file is the way in; internal/app builds the house.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/keyhall/keyhall/internal/cli"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.Run(ctx, os.Args[1:], cli.Terminal{Out: os.Stdout, Err: os.Stderr})
}
