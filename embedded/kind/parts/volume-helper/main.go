// Command volume-helper makes and removes the folder of one local volume. The local path provisioner runs it in a pod on
// the volume's node, as /setup and as /teardown, and names the folder in VOL_DIR.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := act(filepath.Base(os.Args[0]), os.Getenv("VOL_DIR")); err != nil {
		fmt.Fprintln(os.Stderr, "volume-helper:", err)
		os.Exit(1)
	}
}

func act(action, folder string) error {
	// The provisioner names a folder below one of the node's; anything shorter would be a whole tree of the node's.
	if !filepath.IsAbs(folder) || filepath.Dir(filepath.Clean(folder)) == "/" {
		return fmt.Errorf("VOL_DIR %q is not a folder of a volume", folder)
	}
	switch action {
	case "setup":
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return err
		}
		return os.Chmod(folder, 0o777) // a pod may run as any user, and the umask does not apply to this
	case "teardown":
		return os.RemoveAll(folder)
	}
	return fmt.Errorf("it is called as %q instead of setup or teardown", action)
}
