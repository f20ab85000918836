import { hostsOf } from "../../../components/edge/names.ts";
import { parseSettings, type Settings } from "../../../infra/settings.ts";
import { topologyOf } from "../../../stacks/index.ts";
import type { Topology } from "../../../stacks/topology.ts";
import { stackConfig } from "../../program/run.ts";

/** A stack's settings as its file gives them, with single keys written over. */
export async function settingsOf(stack: string, overrides: Readonly<Record<string, unknown>> = {}): Promise<Settings> {
    const written = Object.entries(overrides).map(([key, value]) => [
        `mcp-platform:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
    ]);
    return parseSettings({ ...(await stackConfig(stack)), ...Object.fromEntries(written) });
}

/** What settings come to. */
export function topologyFor({ topology, domain, versions, images, registry, frontDoor }: Settings): Topology {
    return topologyOf(topology, { hosts: hostsOf(domain), versions, images, registry, frontDoor });
}

/** A stack's topology without its images, which are the same wherever they are pulled from. */
export async function topologyOfStack(stack: string, overrides: Readonly<Record<string, unknown>> = {}): Promise<Omit<Topology, "images">> {
    const { images: _, ...rest } = topologyFor(await settingsOf(stack, overrides));
    return rest;
}
