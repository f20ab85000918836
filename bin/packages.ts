/** Debian packages that are missing: named, installed as root, refused with `--no-install`. */
import { UserError } from "../embedded/common/errors.ts";
import { check, run } from "../embedded/common/process.ts";
import { during, type Progress } from "../embedded/common/progress.ts";

/**
 * Installs the Debian packages that were found missing.
 * @param missing names of packages, each at most once
 * @param install false with `--no-install`
 * @throws UserError naming the packages and the command that installs them, when they may not or cannot be installed
 */
export async function installPackages(missing: readonly string[], install: boolean, progress: Progress): Promise<void> {
    if (!missing.length) return;
    const list = missing.join(", ");
    const root = process.getuid?.() === 0;
    const byHand = `${root ? "" : "sudo "}apt-get install -y ${missing.join(" ")}`;
    const obstacle = !install
        ? "--no-install was given"
        : !root
          ? "only root can install them"
          : (await hasAptGet())
            ? undefined
            : "there is no apt-get here";
    if (obstacle) throw new UserError(`Debian packages are missing: ${list}. They were not installed, because ${obstacle}. Run: ${byHand}`);
    await during(progress, `installing the Debian packages ${list}`, 20, async (step) => {
        const env = { DEBIAN_FRONTEND: "noninteractive" };
        const args = ["install", "-y", "--no-install-recommends", ...missing];
        if ((await run("apt-get", args, { env })).code === 0) return;
        step.note("refreshing the package lists first");
        await check("apt-get", ["update"], { env });
        await check("apt-get", args, { env });
    }).catch((error: Error) => {
        throw new UserError(`The Debian packages ${list} could not be installed: ${error.message}\nRun by hand: ${byHand}`);
    });
}

const hasAptGet = (): Promise<boolean> =>
    run("apt-get", ["--version"]).then(
        () => true,
        () => false,
    );
