import { isDeepStrictEqual } from "node:util";
import { at, isJsonObject, stringAt } from "../manifest.ts";
import { condition, failed, READY, waiting, type Rule } from "./verdict.ts";

export const namespace: Rule = {
    judge: (object) =>
        stringAt(object, "status", "phase") === "Active" ? READY : waiting(`${stringAt(object, "status", "phase") || "not active yet"}`),
};

/** The API server takes a moment before it serves a new kind, and objects of it before that would be refused. */
export const customResourceDefinition: Rule = {
    judge(object) {
        const names = condition(object, "NamesAccepted");
        if (names?.status === "False") return failed(`its names are taken: ${names.message ?? names.reason ?? ""}`);
        return condition(object, "Established")?.status === "True" ? READY : waiting("to be established");
    },
};

/** A claim of a class that binds with its first pod is not waited for: the pod may need the rest of the program. */
export const persistentVolumeClaim: Rule = {
    related: () => ({ classes: { apiVersion: "storage.k8s.io/v1", kind: "StorageClass" } }),
    judge(object, { classes = [] }) {
        const phase = stringAt(object, "status", "phase");
        if (phase === "Bound") return READY;
        if (phase === "Lost") return failed("the volume it was bound to is gone");
        const name = stringAt(object, "spec", "storageClassName");
        const used = classes.find(({ metadata }) => metadata.name === name);
        if (used?.["volumeBindingMode"] === "WaitForFirstConsumer") return READY;
        return waiting(name && !used ? `for the StorageClass ${name}` : `to be bound${name ? ` by the StorageClass ${name}` : ""}`);
    },
};

export const persistentVolume: Rule = {
    judge(object) {
        const phase = stringAt(object, "status", "phase");
        if (phase === "Failed") return failed(`the volume failed: ${stringAt(object, "status", "message")}`);
        return phase === "Available" || phase === "Bound" ? READY : waiting(phase || "to be available");
    },
};

/** Only tokens of service accounts are filled in by a controller. */
export const secret: Rule = {
    judge(object) {
        if (object["type"] !== "kubernetes.io/service-account-token") return READY;
        const { data } = object;
        return isJsonObject(data) && Object.keys(data).length ? READY : waiting("for the token");
    },
};

export const resourceQuota: Rule = {
    judge: (object) =>
        isDeepStrictEqual(at(object, "spec", "hard") ?? {}, at(object, "status", "hard") ?? {})
            ? READY
            : waiting("for the quota to be taken up"),
};
