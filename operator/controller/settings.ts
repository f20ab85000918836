import { z } from "zod";
import type { Platform } from "./builders/names.ts";

export interface ControllerSettings {
    /** Namespace of the MCPServers and their pods. */
    readonly serversNamespace: string;
    readonly platform: Platform;
    /** The gateway's Service, through which servers are probed. */
    readonly gatewayUrl: URL;
    /** Host header of the probes: the name clients use. */
    readonly gatewayHost: string;
    /** What clients put before `/<server>/mcp`. */
    readonly publicUrl: URL;
    readonly probePeriodSeconds: number;
    readonly healthPort: number;
    readonly metricsPort: number;
}

const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);

const environment = z.object({
    SERVERS_NAMESPACE: z.string().min(1),
    OPERATOR_IMAGE: z.string().min(1),
    GATEWAY_URL: z.url({ protocol: /^https?$/ }),
    GATEWAY_HOST: z.string().min(1),
    PUBLIC_URL: z.url({ protocol: /^https?$/ }),
    PROBE_PERIOD_SECONDS: z.coerce.number().min(1).max(3600).default(5),
    IMAGE_PULL_SECRET: z.string().min(1).optional(),
    NPM_REGISTRY: z.url({ protocol: /^https?$/ }).optional(),
    HEALTH_PORT: port(8081),
    METRICS_PORT: port(8082),
});

/**
 * The controller's settings from its environment; an empty variable counts as not set.
 * @throws Error that names every missing or wrong variable at once
 */
export function controllerSettings(env: NodeJS.ProcessEnv): ControllerSettings {
    const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
    const parsed = environment.safeParse(set);
    if (!parsed.success) {
        const problems = parsed.error.issues.map(
            (issue) => `${issue.path.join(".")}: ${set[String(issue.path[0])] === undefined ? "is not set" : issue.message}`,
        );
        throw new Error(`the environment is not complete: ${problems.join("; ")}`);
    }
    const { data } = parsed;
    return {
        serversNamespace: data.SERVERS_NAMESPACE,
        platform: {
            operatorImage: data.OPERATOR_IMAGE,
            ...(data.IMAGE_PULL_SECRET && { imagePullSecret: data.IMAGE_PULL_SECRET }),
            ...(data.NPM_REGISTRY && { npmRegistry: data.NPM_REGISTRY }),
        },
        gatewayUrl: new URL(data.GATEWAY_URL),
        gatewayHost: data.GATEWAY_HOST,
        publicUrl: new URL(data.PUBLIC_URL),
        probePeriodSeconds: data.PROBE_PERIOD_SECONDS,
        healthPort: data.HEALTH_PORT,
        metricsPort: data.METRICS_PORT,
    };
}
