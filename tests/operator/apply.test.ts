import { buildDeployment } from "../../operator/controller/builders/deployment.ts";
import { isApplied, stamped } from "../../operator/kubernetes/apply.ts";
import { serverOf } from "./support.ts";

const desired = stamped(
    buildDeployment(serverOf({ image: "a:1", transport: "streamable-http", resources: { limits: { cpu: "1500m", memory: "1024Mi" } } }), {
        operatorImage: "o",
    }),
);

type Editable = {
    spec: { replicas?: number; template: { spec: { containers: Record<string, unknown>[]; volumes: unknown[] } } };
    metadata: { labels: Record<string, string>; annotations: Record<string, string> };
};
/** As the API server answers: with defaults, other people's fields and rewritten quantities. */
const live = (edit: (object: Editable) => void = () => {}) => {
    const object = structuredClone(desired) as unknown as Editable;
    const [container] = object.spec.template.spec.containers;
    Object.assign(container ?? {}, { imagePullPolicy: "IfNotPresent", terminationMessagePath: "/dev/termination-log" });
    const resources = container?.["resources"] as { limits: Record<string, string> };
    Object.assign(resources.limits, { cpu: "1.5", memory: "1Gi" });
    object.metadata.annotations["deployment.kubernetes.io/revision"] = "1";
    edit(object);
    return object as unknown as typeof desired;
};

test("an object with defaults, rewritten quantities and fields of others needs no write", () => {
    expect(isApplied(desired, live())).toBe(true);
    expect(
        isApplied(
            desired,
            live((o) => o.spec.template.spec.containers.push({ name: "injected", image: "x" })),
        ),
    ).toBe(true);
});

test.each<readonly [string, (object: Editable) => void]>([
    ["a changed number", (o) => (o.spec.replicas = 4)],
    ["a removed number", (o) => delete o.spec.replicas],
    ["a changed image", (o) => ((o.spec.template.spec.containers[0] ?? {})["image"] = "b")],
    ["a removed container", (o) => o.spec.template.spec.containers.splice(0, 1)],
    ["a removed volume", (o) => o.spec.template.spec.volumes.pop()],
    [
        "a changed quantity",
        (o) =>
            (((o.spec.template.spec.containers[0] ?? {})["resources"] as { limits: Record<string, string> }).limits["memory"] = "1025Mi"),
    ],
    ["a removed label", (o) => delete o.metadata.labels["app.kubernetes.io/name"]],
    [
        "a removed capability drop",
        (o) =>
            (((o.spec.template.spec.containers[0] ?? {})["securityContext"] as { capabilities: { drop: string[] } }).capabilities.drop =
                []),
    ],
])("%s is noticed", (_, edit) => {
    expect(isApplied(desired, live(edit))).toBe(false);
});

test("a field that is no longer wanted is noticed by the hash of what was applied", () => {
    const shorter = stamped(buildDeployment(serverOf({ image: "a:1", transport: "streamable-http" }), { operatorImage: "o" }));
    expect(isApplied(shorter, live())).toBe(false);
});
