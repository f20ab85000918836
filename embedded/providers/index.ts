/**
 * The providers that the embedded engine has built in, by package name. Each is loaded when it is first asked for
 * something, so that a program pays only for the packages it uses.
 */
import type { ProviderTable } from "../engine/provider.ts";
import { lazyProvider } from "./lazy.ts";

export const providers: ProviderTable = {
    kubernetes: () => lazyProvider("kubernetes", "4.34.2", async () => (await import("./kubernetes/index.ts")).kubernetesProvider()),
    random: () => lazyProvider("random", "4.21.2", async () => (await import("./random/index.ts")).randomProvider()),
    tls: () => lazyProvider("tls", "5.6.1", async () => (await import("./tls/index.ts")).tlsProvider()),
    command: () => lazyProvider("command", "1.2.1", async () => (await import("./command/index.ts")).commandProvider()),
};
