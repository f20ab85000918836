import type { MCPServerStatus } from "../../operator/api/mcpserver.ts";
import { availabilityOf, type ContainerStatus, type Pod } from "../../operator/controller/availability.ts";
import { buildDeployment, type Deployment } from "../../operator/controller/builders/deployment.ts";
import type { Verification } from "../../operator/controller/prober.ts";
import { changeOf, statusOf } from "../../operator/controller/status.ts";
import { conditionOf, serverOf, stdioSpec } from "./support.ts";

const deploymentOf = (status: Deployment["status"], replicas = 1, generation = 1): Deployment => {
    const built = buildDeployment(serverOf({ ...stdioSpec, replicas }), { operatorImage: "o" });
    return { ...built, metadata: { ...built.metadata, generation }, ...(status && { status }) };
};
const up = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
const podOf = (container: Partial<ContainerStatus>, init = false): Pod => {
    const status = { name: "server", image: "registry/a:1", restartCount: 0, ...container };
    return {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "p", creationTimestamp: "2026-01-01T00:00:00Z" },
        status: init ? { initContainerStatuses: [status] } : { containerStatuses: [status] },
    };
};
const ok: Verification = {
    ok: true,
    at: Date.parse("2026-01-01T00:00:10Z"),
    serverInfo: { name: "everything", version: "1" },
    protocolVersion: "2025-11-25",
    tools: 2,
};
const accepted = { status: "True", reason: "Valid", message: "" } as const;

const problem = (pod: Pod, deployment = deploymentOf({ observedGeneration: 1, replicas: 1, updatedReplicas: 1 })) => {
    const { available, progressing } = availabilityOf(serverOf(), deployment, [pod]);
    return { ...available, progressing };
};

describe("availability", () => {
    test.each<readonly [string, Pod, string, RegExp]>([
        [
            "a missing image",
            podOf({ state: { waiting: { reason: "ErrImagePull", message: "not found" } } }),
            "ImagePullFailed",
            /^image registry\/a:1 cannot be pulled: not found$/,
        ],
        [
            "a missing Secret",
            podOf({ state: { waiting: { reason: "CreateContainerConfigError", message: 'secret "s" not found' } } }),
            "ConfigurationMissing",
            /secret "s" not found; create what is missing/,
        ],
        [
            "a command that does not exist",
            podOf({ state: { waiting: { reason: "RunContainerError", message: 'exec: "x": no such file' } } }),
            "ContainerCannotStart",
            /exec: "x": no such file/,
        ],
        [
            "a crash loop",
            podOf({
                restartCount: 2,
                state: { waiting: { reason: "CrashLoopBackOff" } },
                lastState: { terminated: { exitCode: 3, message: "a\nb\nTypeError: x\nat y\n" } },
            }),
            "CrashLoop",
            /^the server's container keeps ending, last with exit code 3: b \| TypeError: x \| at y$/,
        ],
        [
            "too little memory",
            podOf({ restartCount: 1, state: { running: {} }, lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } } }),
            "OutOfMemory",
            /raise spec.resources.limits.memory/,
        ],
        [
            "a package that cannot be had",
            podOf(
                {
                    name: "install-package",
                    state: { terminated: { exitCode: 1, message: "install-package: the registry has no package x" } },
                },
                true,
            ),
            "PackageInstallFailed",
            /the registry has no package x/,
        ],
    ])("names the cause: %s", (_, pod, reason, message) => {
        expect(problem(pod)).toMatchObject({ status: "False", reason, progressing: false, message: expect.stringMatching(message) });
    });

    test("the text about an image is the same between the attempts to pull it", () => {
        const first = problem(podOf({ state: { waiting: { reason: "ErrImagePull", message: "not found" } } }));
        const waiting = { reason: "ImagePullBackOff", message: 'Back-off pulling image "registry/a:1": ErrImagePull: not found' };
        expect(problem(podOf({ state: { waiting } }))).toEqual(first);
    });

    test("names a pod no node takes, and pods that admission refuses", () => {
        const scheduled = { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes: insufficient memory" };
        expect(problem({ ...podOf({}), status: { conditions: [scheduled] } })).toMatchObject({
            reason: "Unschedulable",
            message: expect.stringContaining("insufficient memory"),
        });
        const refusal = { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "exceeded quota" };
        const { available } = availabilityOf(serverOf(), deploymentOf({ observedGeneration: 1, conditions: [refusal] }), []);
        expect(available).toMatchObject({ reason: "PodsRefused", message: "the pods are refused: exceeded quota" });
    });

    test("a start that takes its time is no problem", () => {
        expect(problem(podOf({ state: { waiting: { reason: "ContainerCreating" } } }))).toMatchObject({
            reason: "Progressing",
            progressing: true,
        });
        expect(problem(podOf({ name: "install-package", state: { running: {} } }, true))).toMatchObject({
            progressing: true,
            message: "the package is being installed",
        });
    });

    test("a restart of the node is no crash", () => {
        const ended = { terminated: { exitCode: 255, reason: "Unknown" } };
        expect(problem(podOf({ restartCount: 1, state: ended, lastState: ended }))).toMatchObject({ reason: "Progressing" });
        const installed = { terminated: { exitCode: 0, reason: "Completed" } };
        expect(
            problem(podOf({ name: "install-bridge", restartCount: 1, state: { running: {} }, lastState: installed }, true)),
        ).toMatchObject({
            reason: "Progressing",
        });
    });

    test("pods of an older generation do not count as the roll-out of the new one", () => {
        expect(availabilityOf(serverOf(), deploymentOf(up, 1, 2), []).rolledOut).toBe(false);
        expect(availabilityOf(serverOf(), deploymentOf(up), [])).toMatchObject({
            rolledOut: true,
            available: { status: "True", reason: "PodsAvailable" },
        });
    });

    test("a stuck roll-out shows its cause while the old pods serve", () => {
        const bad = podOf({ state: { waiting: { reason: "ErrImagePull", message: "not found" } } });
        const deployment = deploymentOf({ observedGeneration: 1, replicas: 2, updatedReplicas: 1, availableReplicas: 1 });
        expect(availabilityOf(serverOf(), deployment, [bad]).available).toMatchObject({
            status: "True",
            reason: "ImagePullFailed",
            message: expect.stringContaining("1 of 1 pod is available; image"),
        });
    });

    test("a stopped server says that it is stopped", () => {
        expect(
            availabilityOf(serverOf({ ...stdioSpec, replicas: 0 }), deploymentOf({ observedGeneration: 1 }, 0), []).available.reason,
        ).toBe("ScaledToZero");
    });
});

describe("status", () => {
    const now = new Date("2026-01-01T00:00:11Z");
    const of = (verification: Verification | undefined, previous?: MCPServerStatus, deployment = deploymentOf(up)): MCPServerStatus => {
        const server = { ...serverOf(), ...(previous && { status: previous }) };
        return statusOf(server, {
            accepted,
            availability: availabilityOf(server, deployment, []),
            verification,
            url: "http://h/everything/mcp",
            now,
        });
    };

    test("is Ready only when all the others are true", () => {
        expect(of(ok).conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
            "Accepted=True",
            "Available=True",
            "Verified=True",
            "Ready=True",
        ]);
        expect(conditionOf(of(undefined), "Ready")).toMatchObject({ status: "False", reason: "Probing" });
        expect(conditionOf(of({ ok: false, at: 0, reason: "HandshakeTimeout", message: "m" }), "Ready")).toMatchObject({
            status: "False",
            reason: "HandshakeTimeout",
            message: "m",
        });
        expect(conditionOf(of(ok, undefined, deploymentOf(undefined)), "Ready")).toMatchObject({ status: "False", reason: "Progressing" });
    });

    test("publishes the address only after a handshake, and keeps what the last one said", () => {
        expect(of(undefined).url).toBeUndefined();
        expect(of(ok)).toMatchObject({
            url: "http://h/everything/mcp",
            tools: 2,
            serverInfo: { name: "everything" },
            lastVerifiedTime: "2026-01-01T00:00:10Z",
        });
        expect(of({ ok: false, at: 0, reason: "X", message: "" }, of(ok))).toMatchObject({
            url: "http://h/everything/mcp",
            tools: 2,
            lastVerifiedTime: "2026-01-01T00:00:10Z",
        });
    });

    test("keeps the time of a transition until there is another", () => {
        const first = of(ok);
        const before = {
            ...first,
            conditions: first.conditions?.map((c) => ({ ...c, lastTransitionTime: "2025-01-01T00:00:00Z" })),
        } as MCPServerStatus;
        expect(new Set(of(ok, before).conditions?.map((c) => c.lastTransitionTime))).toEqual(new Set(["2025-01-01T00:00:00Z"]));
        const failed = of({ ok: false, at: 0, reason: "X", message: "" }, before);
        expect(conditionOf(failed, "Ready")?.lastTransitionTime).toBe("2026-01-01T00:00:11Z");
        expect(conditionOf(failed, "Accepted")?.lastTransitionTime).toBe("2025-01-01T00:00:00Z");
    });

    test("stands after a restart of the operator until the first probe was made", () => {
        const before = of(ok);
        expect(changeOf(before, of(undefined, before))).toBe("none");
    });

    test("is not worth a write for a later probe with the same result, until five minutes have passed", () => {
        const before = of(ok);
        expect(changeOf(before, of({ ...ok, at: ok.at + 60_000 }, before))).toBe("none");
        expect(changeOf(before, of({ ...ok, at: ok.at + 5 * 60_000 }, before))).toBe("text");
        expect(changeOf(before, of({ ...ok, tools: 3 }, before))).toBe("substance");
        expect(changeOf(undefined, before)).toBe("substance");
    });
});
