/** The containers of a server's pod: what installs the bridge or a package first, and the server itself. */
import { MCP_PORT, type MCPServer, type MCPServerSpec } from "../../api/mcpserver.ts";
import type { Platform } from "./names.ts";

type Quantities = Readonly<Record<string, string | number>>;
type Probe = Readonly<Record<string, unknown>>;

export interface EnvironmentVariable {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}

export interface Container {
    readonly name: string;
    readonly image: string;
    readonly command?: readonly string[];
    readonly args?: readonly string[];
    readonly env?: readonly EnvironmentVariable[];
    readonly ports?: readonly { readonly name: string; readonly containerPort: number; readonly protocol: "TCP" }[];
    readonly resources: { readonly requests: Quantities; readonly limits: Quantities };
    readonly securityContext: Readonly<Record<string, unknown>>;
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
    readonly terminationMessagePolicy: "FallbackToLogsOnError";
    readonly startupProbe?: Probe;
    readonly readinessProbe?: Probe;
    readonly livenessProbe?: Probe;
}

/** The server's container has this name whatever it runs. */
export const SERVER_CONTAINER = "server";
export const BRIDGE_VOLUME = "bridge";
export const PACKAGE_VOLUME = "package";
const BRIDGE_FOLDER = "/mcp-bridge";
const PACKAGE_FOLDER = "/mcp-package";
const HOME_FOLDER = "/home/mcp";
/** Where the bridge answers /healthz and /readyz. */
const HEALTH_PORT = 8081;
/** Seconds a server may take from its start to its first handshake. */
const START_SECONDS = 120;

/** In the operator image. */
const NODE = "/usr/local/bin/node";
const MAIN = "/app/operator/main.ts";

const DEFAULT_REQUESTS: Quantities = { cpu: "50m", memory: "96Mi" };
const DEFAULT_LIMITS: Quantities = { memory: "512Mi" };

/** What Pod Security's `restricted` asks of every container, and a root file system nobody writes to. */
const SECURITY = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    capabilities: { drop: ["ALL"] },
    seccompProfile: { type: "RuntimeDefault" },
};

const WRITABLE = [
    { name: "tmp", mountPath: "/tmp" },
    { name: "home", mountPath: HOME_FOLDER },
];

/** Copies the bridge out of the operator image, so that it can be process 1 in an image that knows nothing of it. */
function bridgeInstaller(platform: Platform): Container {
    return {
        name: "install-bridge",
        image: platform.operatorImage,
        command: [NODE, MAIN, "install-bridge", BRIDGE_FOLDER],
        resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } },
        securityContext: SECURITY,
        volumeMounts: [{ name: BRIDGE_VOLUME, mountPath: BRIDGE_FOLDER }],
        terminationMessagePolicy: "FallbackToLogsOnError",
    };
}

function packageInstaller(server: MCPServer, platform: Platform): Container {
    const { name = "", version = "" } = server.spec.package ?? {};
    return {
        name: "install-package",
        image: platform.operatorImage,
        command: [NODE, MAIN, "install-package", name, version, PACKAGE_FOLDER],
        env: [
            { name: "HOME", value: HOME_FOLDER },
            ...(platform.npmRegistry ? [{ name: "NPM_REGISTRY", value: platform.npmRegistry }] : []),
        ],
        resources: { requests: { cpu: "50m", memory: "96Mi" }, limits: { memory: "512Mi" } },
        securityContext: SECURITY,
        volumeMounts: [{ name: PACKAGE_VOLUME, mountPath: PACKAGE_FOLDER }, ...WRITABLE],
        terminationMessagePolicy: "FallbackToLogsOnError",
    };
}

/** What runs before the server, in order. */
export function initContainers(server: MCPServer, platform: Platform): Container[] {
    if (server.spec.package) return [packageInstaller(server, platform)];
    return server.spec.transport === "stdio" ? [bridgeInstaller(platform)] : [];
}

/** The bridge's own command line, before the `--`. A package runs in the operator image, which holds the bridge already. */
function bridgeCommand(spec: MCPServerSpec): readonly string[] {
    if (spec.package) return [NODE, MAIN, "bridge"];
    const { lib, bin, app } = { lib: `${BRIDGE_FOLDER}/lib`, bin: `${BRIDGE_FOLDER}/bin`, app: `${BRIDGE_FOLDER}/app` };
    // Through the loader that came with it: the image may have another C library, or none.
    return [`${lib}/ld.so`, "--library-path", lib, `${bin}/node`, `${app}/operator/main.ts`, "bridge"];
}

function commandOf(spec: MCPServerSpec): Pick<Container, "command" | "args"> {
    const args = spec.args ?? [];
    const command = spec.package ? [NODE, `${PACKAGE_FOLDER}/entry`] : spec.command;
    if (spec.transport === "stdio") return { command: [...bridgeCommand(spec), "--", ...(command ?? []), ...args] };
    return { ...(command && { command }), ...(args.length && { args }) };
}

function environmentOf(spec: MCPServerSpec): EnvironmentVariable[] {
    const secret = (spec.secretEnv ?? []).map(({ name, secretKeyRef: { name: secretName, key } }) => ({
        name,
        valueFrom: { secretKeyRef: { name: secretName, key } },
    }));
    const given = [...(spec.env ?? []), ...secret];
    const defaults = [
        { name: "HOME", value: HOME_FOLDER },
        { name: "TMPDIR", value: "/tmp" },
        ...(spec.transport === "streamable-http" ? [{ name: "PORT", value: String(spec.port) }] : []),
    ];
    return [...defaults.filter(({ name }) => !given.some((variable) => variable.name === name)), ...given];
}

const bridgeProbe = (path: string): Probe => ({ httpGet: { path, port: "health" } });

function probesOf(spec: MCPServerSpec): Pick<Container, "startupProbe" | "readinessProbe" | "livenessProbe"> {
    const [ready, alive]: [Probe, Probe] =
        spec.transport === "stdio"
            ? [bridgeProbe("/readyz"), bridgeProbe("/healthz")]
            : [{ tcpSocket: { port: "mcp" } }, { tcpSocket: { port: "mcp" } }];
    return {
        startupProbe: { ...ready, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: START_SECONDS },
        readinessProbe: { ...ready, periodSeconds: 5, timeoutSeconds: 2, failureThreshold: 2 },
        livenessProbe: { ...alive, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
    };
}

/** The container of the server itself, as process 1 or behind the bridge. */
export function serverContainer(server: MCPServer, platform: Platform): Container {
    const { spec } = server;
    const stdio = spec.transport === "stdio";
    const ports = [
        { name: "mcp", containerPort: stdio ? MCP_PORT : spec.port, protocol: "TCP" as const },
        ...(stdio ? [{ name: "health", containerPort: HEALTH_PORT, protocol: "TCP" as const }] : []),
    ];
    return {
        name: SERVER_CONTAINER,
        image: spec.image ?? platform.operatorImage,
        ...commandOf(spec),
        env: environmentOf(spec),
        ports,
        resources: {
            requests: { ...DEFAULT_REQUESTS, ...present(spec.resources?.requests) },
            limits: { ...DEFAULT_LIMITS, ...present(spec.resources?.limits) },
        },
        securityContext: SECURITY,
        volumeMounts: [
            ...WRITABLE,
            ...(spec.package ? [{ name: PACKAGE_VOLUME, mountPath: PACKAGE_FOLDER, readOnly: true }] : []),
            ...(stdio && spec.image ? [{ name: BRIDGE_VOLUME, mountPath: BRIDGE_FOLDER, readOnly: true }] : []),
        ],
        terminationMessagePolicy: "FallbackToLogsOnError",
        ...probesOf(spec),
    };
}

function present(quantities: Readonly<Record<string, string | number | undefined>> = {}): Record<string, string | number> {
    return Object.fromEntries(Object.entries(quantities).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}
