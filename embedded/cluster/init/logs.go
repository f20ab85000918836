package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// A log is kept to twice this size: itself and the one before.
const logLimit = 4 << 20

// rotate copies a log that has grown away and empties it in place: its writers append, so they go on at its beginning.
func rotate(path string) {
	information, err := os.Stat(path)
	if err != nil || information.Size() < logLimit {
		return
	}
	from, err := os.Open(path)
	if err != nil {
		return
	}
	defer from.Close()
	to, err := os.OpenFile(path+".1", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer to.Close()
	if _, err := io.Copy(to, from); err == nil {
		_ = os.Truncate(path, 0)
	}
}

func note(path string, text string) {
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer log.Close()
	fmt.Fprintln(log, time.Now().UTC().Format(time.RFC3339), text)
}
