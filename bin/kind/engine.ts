/** The container engine that runs a cluster's nodes: Docker or podman, through its own program. */
import { UserError } from "../../embedded/common/errors.ts";
import { run, type RunOptions, type RunResult } from "../../embedded/common/process.ts";

export type Provider = "docker" | "podman";

/** As much of a container as is asked for. */
export interface Container {
    readonly id: string;
    readonly name: string;
    readonly running: boolean;
    readonly labels: Readonly<Record<string, string>>;
    /** Networks it is on. */
    readonly networks: readonly string[];
}

/** What `inspect` prints, the same under both. */
interface Inspected {
    readonly Id: string;
    readonly Name: string;
    readonly State: { readonly Running: boolean };
    readonly Config: { readonly Labels?: Record<string, string> | null };
    readonly NetworkSettings: { readonly Networks?: Record<string, unknown> | null };
}

/** A network: Docker has its ranges in IPAM, podman in `subnets`. */
interface InspectedNetwork {
    readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null };
    readonly subnets?: readonly { readonly subnet: string }[] | null;
}

const INSTALL: Readonly<Record<Provider, string>> = {
    docker: "install Docker (https://docs.docker.com/engine/install/)",
    podman: "install podman (https://podman.io/docs/installation)",
};

const OTHER: Readonly<Record<Provider, Provider>> = { docker: "podman", podman: "docker" };

const START: Readonly<Record<Provider, string>> = {
    docker: "start Docker (systemctl start docker, or Docker Desktop), and see that DOCKER_HOST names it if it is set",
    podman: "on macOS and Windows run podman machine start",
};

/** What a program said, in one line: its last error, else its last words. */
export function lastWords({ stdout, stderr }: Pick<RunResult, "stdout" | "stderr">): string {
    const lines = `${stdout}\n${stderr}`
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean);
    const found = lines.findLast((line) => /^error|: error/i.test(line)) ?? lines.at(-1) ?? "it said nothing";
    return found.replace(/^error:\s*/i, "").replace(/\.$/, "");
}

const environment = (name: string) => process.env[name] || undefined;

export class ContainerEngine {
    readonly provider: Provider;
    readonly #signal: AbortSignal | undefined;

    constructor(provider: Provider, signal?: AbortSignal) {
        this.provider = provider;
        this.#signal = signal;
    }

    /** The network that kind puts nodes on. */
    get network(): string {
        return environment(`KIND_EXPERIMENTAL_${this.provider.toUpperCase()}_NETWORK`) ?? "kind";
    }

    /** @throws UserError when the program is not there, or its daemon does not answer */
    async require(): Promise<void> {
        const result = await this.try(["info", "--format", "ok"]).catch((error: unknown) => {
            if (this.#signal?.aborted) throw error;
            return undefined;
        });
        const { provider } = this;
        if (!result)
            throw new UserError(
                `mcp-platform:topology.provider is ${provider}, but there is no program ${provider} on PATH: ${INSTALL[provider]}, or choose ${OTHER[provider]}.`,
            );
        if (result.code !== 0)
            throw new UserError(
                `mcp-platform:topology.provider is ${provider}, which does not answer (${lastWords(result)}): ${START[provider]}.`,
            );
    }

    /** Runs the engine's program to its end, whatever that is. */
    async try(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
        return await run(this.provider, args, { ...options, ...(this.#signal ? { signal: this.#signal } : {}) });
    }

    /** @throws UserError with what was to be done and what the engine said */
    async do(what: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
        const result = await this.try(args, options);
        if (result.code === 0) return result;
        throw new UserError(`${what} failed: ${lastWords(result)}.`);
    }

    /** The containers with a label, running or not. */
    async containersWith(label: string): Promise<Container[]> {
        const { stdout } = await this.do(`Listing the containers of ${this.provider}`, [
            "ps",
            "--all",
            "--quiet",
            "--no-trunc",
            `--filter=label=${label}`,
        ]);
        return await this.#inspect(stdout.split("\n").filter(Boolean));
    }

    async container(name: string): Promise<Container | undefined> {
        return (await this.#inspect([name])).find((found) => found.name === name);
    }

    async #inspect(names: readonly string[]): Promise<Container[]> {
        if (!names.length) return [];
        const { stdout } = await this.try(["container", "inspect", ...names]); // what is gone by now is left out
        return (JSON.parse(stdout.trim() || "[]") as Inspected[]).map(({ Id, Name, State, Config, NetworkSettings }) => ({
            id: Id,
            name: Name.replace(/^\//, ""),
            running: State.Running,
            labels: Config.Labels ?? {},
            networks: Object.keys(NetworkSettings.Networks ?? {}),
        }));
    }

    async hasImage(reference: string): Promise<boolean> {
        return (await this.try(["image", "inspect", reference])).code === 0;
    }

    /** The labels of a volume; undefined when there is none of that name. */
    async volume(name: string): Promise<Readonly<Record<string, string>> | undefined> {
        const { code, stdout } = await this.try(["volume", "inspect", name]);
        if (code !== 0) return undefined;
        const [found] = JSON.parse(stdout) as { readonly Labels?: Record<string, string> | null }[];
        return found?.Labels ?? {};
    }

    /** The ranges of a network; undefined when there is none of that name. */
    async rangesOf(network: string): Promise<string[] | undefined> {
        const { code, stdout } = await this.try(["network", "inspect", network]);
        if (code !== 0) return undefined;
        const [found] = JSON.parse(stdout) as InspectedNetwork[];
        const ranges = [
            ...(found?.IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []),
            ...(found?.subnets ?? []).map(({ subnet }) => subnet),
        ];
        return ranges.toSorted();
    }
}
