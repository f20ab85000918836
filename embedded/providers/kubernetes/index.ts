/** The kubernetes provider: objects of any kind, applied server-side and awaited, with the official provider's semantics. */
import type { ResourceProvider } from "../../engine/provider.ts";
import { KubernetesProvider } from "./provider.ts";

export function kubernetesProvider(): ResourceProvider {
    return new KubernetesProvider();
}
