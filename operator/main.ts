/**
 * The one program of the operator image; its first argument says which process it is. Every process is loaded on its own, so
 * that the bridge in each server's pod does not carry the controller's code.
 */

type Process = (rest: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal) => Promise<number | void> | number;

const processes: Readonly<Record<string, () => Promise<Process>>> = {
    /** Reconciles MCPServers. */
    controller: async () => {
        const { run } = await import("./controller/main.ts");
        return (_, env, signal) => run(env, signal);
    },
    /** Routes clients to servers. */
    gateway: async () => {
        const { run } = await import("./gateway/main.ts");
        return (_, env, signal) => run(env, signal);
    },
    /** Serves a stdio server over Streamable HTTP: `bridge -- COMMAND ARGS…`. */
    bridge: async () => {
        const { run } = await import("./bridge/main.ts");
        return run;
    },
    /** Copies the bridge and all it needs into a folder: `install-bridge DIR`. */
    "install-bridge": async () => {
        const { installBridge } = await import("./runtime/install-bridge.ts");
        return ([folder]) => installBridge(folder);
    },
    /** Installs an npm package with its dependencies: `install-package NAME VERSION DIR`. */
    "install-package": async () => {
        const { installPackage } = await import("./runtime/install-package.ts");
        return ([name, version, folder], env) => installPackage({ name, version, folder, registry: env["NPM_REGISTRY"] });
    },
};

const [name = "", ...rest] = process.argv.slice(2);
const load = Object.hasOwn(processes, name) ? processes[name] : undefined;
if (!load) {
    process.stderr.write(
        `${name ? `unknown process "${name}"` : "no process given"}; it must be one of: ${Object.keys(processes).join(", ")}\n`,
    );
    process.exit(255);
}

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort(new Error(signal)));

try {
    const start = await load();
    process.exit((await start(rest, process.env, stop.signal)) ?? 0);
} catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${name}: ${message}\n`);
    process.exit(1);
}
