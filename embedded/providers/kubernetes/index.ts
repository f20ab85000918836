/** The kubernetes provider: objects of any kind, applied server-side and awaited, with the official provider's semantics. */
import type { ResourceProvider } from "../../engine/provider.ts";

export function kubernetesProvider(): ResourceProvider {
    throw new Error("the kubernetes provider is being built");
}
