import type { RegistryFacts } from "./facts.ts";
import { shellQuote, type NodeFile, type Verification } from "./plan.ts";

/** The file of the endpoint's authority, where there is one. */
export const caFile = ({ ca }: RegistryFacts, path: string): NodeFile[] => (ca ? [{ path, mode: "0644", kind: "file", content: ca }] : []);

/**
 * What shows that a node reaches the registry under every name, without a password: the registry itself refuses.
 * @param crictl the command that talks to the node's container runtime
 */
export function checks({ names, endpoint, scheme, ca }: RegistryFacts, crictl: string, caPath?: string): Verification[] {
    const trust = ca && caPath !== undefined ? `--cacert ${shellQuote(caPath)} ` : "";
    return [
        {
            command: `curl -s -o /dev/null -w '%{http_code}\\n' ${trust}${scheme}://${endpoint}/v2/`,
            expect: "401, or 200 where the registry has no users: the node reaches it",
        },
        ...names.map((name) => ({
            command: `${crictl} pull ${shellQuote(`${name}/mcp-platform/none:none`)}`,
            expect: `"not found", "401 Unauthorized" or "authorization failed": the answer is the registry's own. "no such host", "connection refused" or "x509" is not`,
        })),
    ];
}
