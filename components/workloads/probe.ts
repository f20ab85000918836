import type * as kubernetes from "@pulumi/kubernetes";

/** A GET on a named port, which any answer from 200 to 399 passes. */
export interface HttpProbe {
    readonly port: string;
    readonly path: string;
    /** Default: plain HTTP. The kubelet does not verify the certificate. */
    readonly scheme?: "HTTPS";
}

/** A connection to a named port, for what does not speak HTTP. */
export interface TcpProbe {
    readonly tcp: string;
}

/** A program in the container, which passes by ending with 0. Nothing in it is secret. */
export interface ExecProbe {
    readonly command: readonly string[];
}

export type Probe = HttpProbe | TcpProbe | ExecProbe;

/** How often a probe is made, seconds, and how many failures in a row count. */
export interface ProbeRate {
    readonly period: number;
    readonly failures: number;
}

function action(probe: Probe): Pick<kubernetes.types.input.core.v1.Probe, "httpGet" | "tcpSocket" | "exec"> {
    if ("command" in probe) return { exec: { command: [...probe.command] } };
    if ("tcp" in probe) return { tcpSocket: { port: probe.tcp } };
    return { httpGet: { port: probe.port, path: probe.path, ...(probe.scheme ? { scheme: probe.scheme } : {}) } };
}

/** A container's probe: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/ */
export function probeArgs(probe: Probe, { period, failures }: ProbeRate): kubernetes.types.input.core.v1.Probe {
    return { ...action(probe), periodSeconds: period, failureThreshold: failures, timeoutSeconds: 3 };
}
