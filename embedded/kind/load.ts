/** Loads the node image into Docker or podman. */
import { UserError } from "../common/errors.ts";
import { run, type RunResult } from "../common/process.ts";
import { during, type Progress } from "../common/progress.ts";
import { buildNodeImage } from "./node-image.ts";
import { pinnedVersion } from "./tools.ts";

export type Provider = "docker" | "podman";

/** In an image, what it was made from. */
const LABEL = "mcp-platform.node-image";
const USUAL_SECONDS = 15;

/** How a node is started; what kind's own images say. */
const CHANGES = [
    'ENTRYPOINT ["/usr/local/bin/entrypoint","/sbin/init"]',
    "ENV container=docker",
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
];
/** The signal at which systemd shuts down. Docker does not take it at an import; kind kills nodes there anyway. */
const PODMAN_CHANGES = [...CHANGES, "STOPSIGNAL SIGRTMIN+3"];

/** The name of the node image. Docker shortens it by itself, podman never guesses at short ones. */
export async function nodeImageReference(): Promise<string> {
    return `docker.io/kindest/node:${await pinnedVersion("kubeadm")}`;
}

export interface LoadOptions {
    readonly provider: Provider;
    readonly progress: Progress;
    readonly signal?: AbortSignal | undefined;
}

/**
 * Makes sure that the engine has the node image as this checkout makes it.
 * @returns its reference
 * @throws UserError when the engine is missing or does not answer, or the image cannot be made
 */
export async function loadNodeImage({ provider, progress, signal }: LoadOptions): Promise<string> {
    await requireEngine(provider);
    const reference = await nodeImageReference();
    const image = await buildNodeImage(progress, signal);
    const label = await run(provider, ["image", "inspect", "--format", `{{index .Config.Labels "${LABEL}"}}`, reference]);
    if (label.code === 0 && label.stdout.trim() === image.key) return reference;
    await during(progress, `loading ${reference} into ${provider}`, USUAL_SECONDS, async () => {
        const changes = [...(provider === "podman" ? PODMAN_CHANGES : CHANGES), `LABEL ${LABEL}=${image.key}`].flatMap((change) => [
            "--change",
            change,
        ]);
        const result = await run(provider, ["import", ...changes, image.archive, reference], signal ? { signal } : {});
        if (result.code !== 0) throw new UserError(`The node image could not be loaded into ${provider}: ${lastLine(result)}`);
    });
    return reference;
}

/** @throws UserError when the engine is not installed, or its daemon does not answer */
async function requireEngine(provider: Provider): Promise<void> {
    const install = { docker: "docker.io", podman: "podman" }[provider];
    const result = await run(provider, ["info", "--format", "ok"]).catch(() => undefined);
    if (!result)
        throw new UserError(
            `${provider} is not installed, or not on PATH: install it (on Debian: apt-get install -y ${install}), or choose the other with --provider.`,
        );
    if (result.code !== 0)
        throw new UserError(
            `${provider} does not answer: ${lastLine(result)}${provider === "docker" ? " Start its daemon, or name it with DOCKER_HOST." : ""}`,
        );
}

const lastLine = ({ stdout, stderr }: RunResult): string => (stderr.trim() || stdout.trim()).split("\n").at(-1) ?? "";
