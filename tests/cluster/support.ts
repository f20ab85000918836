/** What the tests with real programs share: finding the built tools, free ports, folders and listings. */
import { createServer, type AddressInfo } from "node:net";
import { builtTools } from "../../embedded/cluster/build.ts";
import { CLUSTER_TOOLS, type ToolPaths } from "../../embedded/cluster/index.ts";
import { builtImages } from "../../embedded/images/index.ts";

export interface Built {
    readonly tools: ToolPaths;
    readonly images: readonly string[];
}

/** The built tools and images, or why there are none. */
export async function built(): Promise<Built | string> {
    const tools = await builtTools(CLUSTER_TOOLS);
    if (!tools) return "the cluster's tools are not built (npm start builds them)";
    const images = await builtImages(["pause", "coredns"]);
    if (!images) return "the cluster's images are not built (npm start builds them)";
    return { tools, images: images.map((image) => image.archive) };
}

/** Says on a line of its own why tests are skipped. */
export function skipped(what: string, why: string): void {
    process.stderr.write(`SKIPPED ${what}: ${why}\n`);
}

/** Ports that are free now, different from each other. */
export async function freePorts(count: number): Promise<number[]> {
    const servers = await Promise.all(
        Array.from({ length: count }, async () => {
            const server = createServer();
            await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
            return server;
        }),
    );
    const ports = servers.map((server) => (server.address() as AddressInfo).port);
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    return ports;
}
