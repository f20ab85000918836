/** `npm run node-config`: what people read and programs get, without a cluster. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { main } from "../../bin/node-config.ts";
import { planAsText } from "../../bin/node-config-text.ts";
import type { RegistryPlan } from "../../stacks/node-registry/index.ts";

let folder = "";
beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "mcp-node-config-"));
});
afterAll(() => {
    rmSync(folder, { recursive: true });
});

/** What a command prints. */
async function printed(...argv: string[]): Promise<string> {
    const lines: unknown[] = [];
    const log = jest.spyOn(console, "log").mockImplementation((line: unknown) => void lines.push(line));
    try {
        expect(await main(argv)).toBe(0);
    } finally {
        log.mockRestore();
    }
    return lines.join("\n");
}

function configToml(text: string): string {
    const path = join(folder, "config.toml");
    writeFileSync(path, text);
    return path;
}

describe("each stack", () => {
    test("prod: servers and agents apart, each file with its mode", async () => {
        const text = await printed("--stack", "prod");
        expect(text).toMatch(
            /^Stack prod: how nodes find registry\.example\.com, which they reach at https:\/\/127\.0\.0\.1:32000\.\n\nmcp-cp-1\n/,
        );
        expect(text).toContain("\nmcp-ingress-1, mcp-worker-1, mcp-worker-2\n");
        expect(text.match(/\$ systemctl .*/g)).toEqual(["$ systemctl try-restart k3s", "$ systemctl try-restart k3s-agent"]);
        expect(text).toContain("  /etc/rancher/k3s/registries.yaml (0600):\n      | mirrors:\n");
        expect(text).toContain(
            "/etc/rancher/k3s/mcp-platform-registry-ca.crt (0644), while the first `up` waits for the nodes, or after it:\n      $ kubectl get secret registry-authority ",
        );
        expect(text).toContain("      $ npm run --silent stack -- output registryCaCertificate --stack prod\n");
    });

    test("minikube: the start first, then its node", async () => {
        const text = await printed("--stack", "minikube");
        const start = text.indexOf("$ minikube start --profile=mcp-platform --driver=docker --container-runtime=containerd --cni=calico");
        const check = text.indexOf("$ minikube ssh --profile mcp-platform --node mcp-platform -- sudo crictl pull registry.local/");
        expect([start > 0, check > start]).toEqual([true, true]);
        expect(text.match(/--ports=\S+/g)).toEqual(
            ["8080:30080", "8443:30443", "32000:32000"].map((ports) => `--ports=127.0.0.1:${ports}`),
        );
        expect(text).toContain("~/.minikube/files/etc/containerd/certs.d/registry.local/hosts.toml (0644):");
    });

    test("existing: nodes that are told the same are told once", async () => {
        const text = await printed("--stack", "existing");
        expect(text.match(/^\w.*$/gm)).toEqual([expect.stringMatching(/^Stack existing/), "control-plane-1, worker-1, worker-2"]);
        expect(text).toContain("/etc/containerd/config.toml (0644, added to what is there):\n      | [plugins.");
    });

    test.each(["embedded", "dev"])("%s: nothing to do", async (stack) => {
        expect(await printed("--stack", stack)).toMatch(new RegExp(`^Stack ${stack}: nothing to do\\.`));
    });
});

describe("options", () => {
    test("--json is the plan", async () => {
        const plan = JSON.parse(await printed("--stack", "prod-five", "--json")) as RegistryPlan;
        expect(plan.nodes.map(({ node }) => node)).toEqual(["mcp-cp-1", "mcp-ingress-1", "mcp-worker-1", "mcp-worker-2", "mcp-worker-3"]);
    });

    test("--runtime warns of a release that needs care", async () => {
        expect(await printed("--stack", "existing", "--runtime", "containerd://2.2.1")).toContain(
            "\nWarning: containerd 2.2.1 sets config_path",
        );
    });

    test("--config-toml prints the file as it has to become", async () => {
        const text = await printed("--stack", "existing", "--config-toml", configToml("version = 2\n"));
        expect(text).toContain("/etc/containerd/config.toml (0644):\n      | version = 2\n");
        expect(text).not.toContain("added to what is there");
    });
});

describe("mistakes are sentences", () => {
    test.each<[string[], string]>([
        [[], "node-config wants the name of a stack, as in: npm run node-config -- --stack existing."],
        [["--stak", "prod"], "node-config: Unknown option '--stak'"],
        [["--stack", "existing", "--config-toml", "/nowhere/config.toml"], "--config-toml /nowhere/config.toml cannot be read: ENOENT"],
        [["--stack", "existing", "--runtime", "docker://28.1.1"], "runs docker://28.1.1: Docker Engine reads no hosts.toml"],
    ])("%j", async (argv, message) => {
        await expect(main(argv)).rejects.toMatchObject({ name: "UserError", message: expect.stringContaining(message) as unknown });
    });

    test("a configuration with mirrors", async () => {
        const path = configToml('version = 2\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors."x"]\n');
        await expect(main(["--stack", "existing", "--config-toml", path])).rejects.toMatchObject({
            name: "UserError",
            message: expect.stringContaining("line 2 has mirrors") as unknown,
        });
    });
});

test("a command for a node's own shell is quoted once, whatever is in it", () => {
    const plan: RegistryPlan = {
        warnings: [],
        nodes: [
            {
                node: "one",
                within: ["docker", "exec", "-i", "one"],
                notes: [],
                files: [{ path: "/etc/x", mode: "0644", kind: "block", content: { text: "a\n\nb\n" } }],
                commands: ["echo it's $HOME && true"],
                verify: [{ command: "crictl pull a/b:1", expect: "fine" }],
            },
        ],
    };
    expect(planAsText(plan, { stack: "a b", names: ["x", "y"], url: "http://z" })).toBe(
        `Stack a b: how nodes find x, y, which they reach at http://z.

one

  Files are written with \`docker exec -i one sh -c 'cat > FILE'\`.

  /etc/x (0644, these lines between their markers, the rest as it is):
      | a
      |
      | b

  Then:
      $ docker exec -i one sh -c 'echo it'\\''s $HOME && true'

  To see that it works:
      $ docker exec -i one crictl pull a/b:1
        → fine
`,
    );
});
