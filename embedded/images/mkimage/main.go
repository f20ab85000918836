// Command mkimage makes OCI images from files, without a container engine, and pushes them to a registry.
//
//	mkimage build SPEC.json OUT.tar      prints the digest of the image's manifest
//	mkimage push ARCHIVE REF [--username NAME] [--insecure]   the password is read from standard input
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mkimage:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) error {
	usage := errors.New("usage: mkimage build SPEC.json OUT.tar | mkimage push ARCHIVE REF [--username NAME] [--insecure]")
	if len(args) == 0 {
		return usage
	}
	flags := flag.NewFlagSet("mkimage", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	username := flags.String("username", "", "")
	insecure := flags.Bool("insecure", false, "")
	var plain []string
	for rest := args[1:]; len(rest) > 0; {
		if err := flags.Parse(rest); err != nil {
			return err
		}
		if rest = flags.Args(); len(rest) > 0 {
			plain, rest = append(plain, rest[0]), rest[1:]
		}
	}
	if len(plain) != 2 {
		return usage
	}
	switch args[0] {
	case "build":
		digest, err := build(plain[0], plain[1])
		if err == nil {
			fmt.Println(digest)
		}
		return err
	case "push":
		password := ""
		if *username != "" {
			line, err := bufio.NewReader(os.Stdin).ReadString('\n')
			if err != nil && err != io.EOF {
				return fmt.Errorf("the password cannot be read from standard input: %w", err)
			}
			password = strings.TrimRight(line, "\r\n")
		}
		digest, err := push(ctx, plain[0], plain[1], *username, password, *insecure)
		if err == nil {
			fmt.Println(digest)
		}
		return err
	}
	return usage
}
