import * as fc from "fast-check";
import { changesBetween, covers, diffInputs, formatPath, parsePath } from "../../../embedded/providers/kubernetes/diff.ts";
import { forceNewPaths } from "../../../embedded/providers/kubernetes/forcenew.ts";
import { kindOfType } from "../../../embedded/providers/kubernetes/kinds.ts";
import { Unknown, type PropertyMap } from "../../../embedded/engine/values.ts";
import type { JsonObject } from "../../../embedded/providers/kubernetes/manifest.ts";

const defaults = { enableConfigMapMutable: false, enableSecretMutable: false };

function diff(type: string, before: PropertyMap, after: PropertyMap, options = defaults, ignoreChanges: string[] = []) {
    return diffInputs(before, after, { ignoreChanges, forceNew: forceNewPaths(kindOfType(type), after as JsonObject, options) });
}

const named = { name: "web", namespace: "apps" };
const DEPLOYMENT = "kubernetes:apps/v1:Deployment";
const deployment = (spec: PropertyMap, metadata: PropertyMap = named): PropertyMap => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec,
});

describe("the difference between two inputs", () => {
    it("is nothing for equal inputs, whatever the order of keys, and for null against absent", () => {
        const before = deployment({ replicas: 1, paused: null });
        const after = { spec: { replicas: 1 }, metadata: { namespace: "apps", name: "web" }, kind: "Deployment", apiVersion: "apps/v1" };
        expect(diff(DEPLOYMENT, before, after)).toEqual({ changes: false, replaces: [], detailedDiff: {} });
    });

    it("names every changed leaf by its path", () => {
        const before = deployment({ replicas: 1, template: { spec: { containers: [{ name: "a", image: "x:1" }] } } });
        const after = deployment({
            replicas: 1,
            template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "a", image: "x:2" }, { name: "b" }] } },
        });
        expect(diff(DEPLOYMENT, before, after)).toEqual({
            changes: true,
            replaces: [],
            deleteBeforeReplace: false,
            detailedDiff: {
                "spec.template.metadata": "add",
                "spec.template.spec.containers[0].image": "update",
                "spec.template.spec.containers[1]": "add",
            },
        });
    });

    it("sees an unknown value as a change", () => {
        const after = deployment({ replicas: Unknown.instance });
        expect(diff(DEPLOYMENT, deployment({ replicas: 1 }), after).detailedDiff).toEqual({ "spec.replicas": "update" });
    });

    it("leaves ignored paths and what is below them out", () => {
        const before = deployment({ replicas: 1, template: { spec: { containers: [{ name: "a", image: "x:1" }] } } });
        const after = deployment({ replicas: 3, template: { spec: { containers: [{ name: "a", image: "x:2" }] } } });
        expect(diff(DEPLOYMENT, before, after, defaults, ["spec.replicas", "spec.template.spec.containers[*].image"]).changes).toBe(false);
        expect(diff(DEPLOYMENT, before, after, defaults, ["spec.replicas"]).detailedDiff).toEqual({
            "spec.template.spec.containers[0].image": "update",
        });
    });
});

describe("what replaces an object", () => {
    const object = (kind: string, apiVersion: string, rest: PropertyMap): PropertyMap => ({ apiVersion, kind, metadata: named, ...rest });
    /** type, a field, its value before and after, whether the change replaces. */
    const rows: readonly (readonly [type: string, path: string, before: PropertyMap, after: PropertyMap, replaces: boolean])[] = [
        [
            DEPLOYMENT,
            "spec.selector.matchLabels.app",
            { spec: { selector: { matchLabels: { app: "a" } } } },
            { spec: { selector: { matchLabels: { app: "b" } } } },
            true,
        ],
        [DEPLOYMENT, "spec.replicas", { spec: { replicas: 1 } }, { spec: { replicas: 2 } }, false],
        ["kubernetes:apps/v1:DaemonSet", "spec.selector", { spec: {} }, { spec: { selector: { matchLabels: { a: "b" } } } }, true],
        ["kubernetes:apps/v1:StatefulSet", "spec.serviceName", { spec: { serviceName: "a" } }, { spec: { serviceName: "b" } }, true],
        ["kubernetes:apps/v1:StatefulSet", "spec.podManagementPolicy", { spec: {} }, { spec: { podManagementPolicy: "Parallel" } }, true],
        [
            "kubernetes:apps/v1:StatefulSet",
            "spec.template.spec.priority",
            { spec: { template: { spec: {} } } },
            { spec: { template: { spec: { priority: 1 } } } },
            false,
        ],
        ["kubernetes:apps/v1:StatefulSet", "spec.replicas", { spec: { replicas: 1 } }, { spec: { replicas: 2 } }, false],
        [
            "kubernetes:batch/v1:Job",
            "spec.template.spec.restartPolicy",
            { spec: { template: { spec: { restartPolicy: "Never" } } } },
            { spec: { template: { spec: { restartPolicy: "OnFailure" } } } },
            true,
        ],
        [
            "kubernetes:batch/v1:Job",
            "spec.ttlSecondsAfterFinished",
            { spec: { ttlSecondsAfterFinished: 1 } },
            { spec: { ttlSecondsAfterFinished: 2 } },
            false,
        ],
        ["kubernetes:core/v1:ConfigMap", "data.a", { data: { a: "1" } }, { data: { a: "2" } }, true],
        ["kubernetes:core/v1:ConfigMap", "binaryData", {}, { binaryData: { a: "MQ==" } }, true],
        ["kubernetes:core/v1:ConfigMap", "metadata.labels", {}, { metadata: { ...named, labels: { a: "b" } } }, false],
        ["kubernetes:core/v1:Secret", "data.a", { data: { a: "1" } }, { data: {} }, true],
        ["kubernetes:core/v1:Secret", "stringData.a", { stringData: { a: "1" } }, { stringData: { a: "2" } }, true],
        ["kubernetes:core/v1:Secret", "type", { type: "Opaque" }, { type: "kubernetes.io/tls" }, true],
        ["kubernetes:core/v1:Service", "spec.clusterIP", { spec: {} }, { spec: { clusterIP: "None" } }, true],
        ["kubernetes:core/v1:Service", "spec.type", { spec: { type: "ClusterIP" } }, { spec: { type: "NodePort" } }, false],
        [
            "kubernetes:core/v1:Pod",
            "spec.containers[0].image",
            { spec: { containers: [{ image: "a" }] } },
            { spec: { containers: [{ image: "b" }] } },
            true,
        ],
        [
            "kubernetes:core/v1:Pod",
            "spec.activeDeadlineSeconds",
            { spec: { activeDeadlineSeconds: 1 } },
            { spec: { activeDeadlineSeconds: 2 } },
            false,
        ],
        [
            "kubernetes:core/v1:PersistentVolumeClaim",
            "spec.storageClassName",
            { spec: { storageClassName: "a" } },
            { spec: { storageClassName: "b" } },
            true,
        ],
        [
            "kubernetes:core/v1:PersistentVolumeClaim",
            "spec.resources.requests.storage",
            { spec: { resources: { requests: { storage: "1Gi" } } } },
            { spec: { resources: { requests: { storage: "2Gi" } } } },
            false,
        ],
        [
            "kubernetes:core/v1:PersistentVolume",
            "spec.hostPath.path",
            { spec: { hostPath: { path: "/a" } } },
            { spec: { hostPath: { path: "/b" } } },
            true,
        ],
        ["kubernetes:core/v1:ResourceQuota", "spec.scopes[0]", { spec: { scopes: ["A"] } }, { spec: { scopes: ["B"] } }, true],
        [
            "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
            "roleRef.name",
            { roleRef: { name: "a" } },
            { roleRef: { name: "b" } },
            true,
        ],
        ["kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", "subjects", {}, { subjects: [] }, false],
        ["kubernetes:storage.k8s.io/v1:StorageClass", "provisioner", { provisioner: "a" }, { provisioner: "b" }, true],
        ["kubernetes:storage.k8s.io/v1:StorageClass", "allowVolumeExpansion", {}, { allowVolumeExpansion: true }, false],
        [
            "kubernetes:networking.k8s.io/v1:Ingress",
            "spec.ingressClassName",
            { spec: { ingressClassName: "a" } },
            { spec: { ingressClassName: "b" } },
            false,
        ],
    ];
    it.each(rows)("%s: %s", (type, path, before, after, replaces) => {
        const { group, version, kind } = kindOfType(type);
        const apiVersion = group ? `${group}/${version}` : version;
        const result = diff(type, object(kind, apiVersion, before), object(kind, apiVersion, after));
        expect(Object.keys(result.detailedDiff ?? {})).toEqual([path]);
        expect(result.replaces).toEqual(replaces ? [path] : []);
        expect(result.deleteBeforeReplace).toBe(replaces);
    });

    it("is another name, namespace, kind or group, but not another version", () => {
        const before = deployment({});
        expect(diff(DEPLOYMENT, before, deployment({}, { ...named, name: "other" }))).toMatchObject({
            replaces: ["metadata.name"],
            deleteBeforeReplace: false,
        });
        expect(diff(DEPLOYMENT, before, deployment({}, { ...named, namespace: "other" }))).toMatchObject({
            replaces: ["metadata.namespace"],
            deleteBeforeReplace: false,
        });
        expect(diff(DEPLOYMENT, before, { ...before, apiVersion: "apps/v1beta2" }).replaces).toEqual([]);
        expect(diff(DEPLOYMENT, before, { ...before, apiVersion: "extensions/v1" }).replaces).toEqual(["apiVersion"]);
    });

    it("is nothing in the data of mutable ConfigMaps and Secrets, unless they are immutable themselves", () => {
        const mutable = { enableConfigMapMutable: true, enableSecretMutable: true };
        for (const kind of ["ConfigMap", "Secret"]) {
            const of = (rest: PropertyMap): PropertyMap => object(kind, "v1", rest);
            const type = `kubernetes:core/v1:${kind}`;
            expect(diff(type, of({ data: { a: "1" } }), of({ data: { a: "2" } }), mutable).replaces).toEqual([]);
            expect(
                diff(type, of({ data: { a: "1" }, immutable: true }), of({ data: { a: "2" }, immutable: true }), mutable).replaces,
            ).toEqual(["data.a"]);
        }
    });

    it("creates the new object first when the name was generated", () => {
        const metadata = { ...named, annotations: { "pulumi.com/autonamed": "true" } };
        const before = deployment({ selector: { matchLabels: { a: "1" } } }, metadata);
        const after = deployment({ selector: { matchLabels: { a: "2" } } }, metadata);
        expect(diff(DEPLOYMENT, before, after)).toMatchObject({ replaces: ["spec.selector.matchLabels.a"], deleteBeforeReplace: false });
    });
});

describe("paths", () => {
    const keys = fc.array(
        fc.oneof(
            fc.nat(9),
            fc.string({ minLength: 1 }).filter((key) => !/^\d+$|^\*$|\\/.test(key) && key !== '"'),
        ),
        { minLength: 1, maxLength: 5 },
    );

    it("come back from their text", () => {
        fc.assert(
            fc.property(fc.string({ minLength: 1, unit: fc.constantFrom("a", "b", "/", ".", "-") }), keys, (first, rest) => {
                const path = [first, ...rest];
                expect(parsePath(formatPath(path))).toEqual(path);
            }),
        );
    });

    it("cover themselves and what is below them", () => {
        expect(covers(parsePath("spec.containers[*].image"), ["spec", "containers", 3, "image"])).toBe(true);
        expect(covers(parsePath("spec.containers"), ["spec", "containers", 3])).toBe(true);
        expect(covers(parsePath("spec.containers[0]"), ["spec", "containers"])).toBe(false);
        expect(covers(parsePath('metadata.annotations["a.b/c"]'), ["metadata", "annotations", "a.b/c"])).toBe(true);
    });
});

describe("changes as a property", () => {
    const json = fc.letrec<{ value: PropertyMap[string] }>((tie) => ({
        value: fc.oneof(
            { maxDepth: 3 },
            fc.string(),
            fc.integer(),
            fc.boolean(),
            fc.array(tie("value"), { maxLength: 3 }),
            fc.dictionary(fc.string({ minLength: 1 }), tie("value"), { maxKeys: 3 }),
        ),
    })).value;

    it("are none between equal values, and mirror when the values are exchanged", () => {
        fc.assert(
            fc.property(json, json, (a, b) => {
                expect(changesBetween(a, structuredClone(a))).toEqual([]);
                const turned = { add: "delete", delete: "add", update: "update" } as const;
                const there = changesBetween(a, b).map(({ path, kind }) => `${formatPath(path)} ${turned[kind]}`);
                expect(
                    changesBetween(b, a)
                        .map(({ path, kind }) => `${formatPath(path)} ${kind}`)
                        .toSorted(),
                ).toEqual(there.toSorted());
            }),
        );
    });
});
