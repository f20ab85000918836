import { at, numberAt, stringAt, type Manifest } from "../manifest.ts";
import { condition, failed, isObserved, podsOfSelector, READY, selects, waiting, type Rule } from "./verdict.ts";

/** `spec.replicas`, which is 1 when absent. */
function wanted(object: Manifest): number {
    const replicas = at(object, "spec", "replicas");
    return typeof replicas === "number" ? replicas : 1;
}

/** The whole rollout: every pod is of the new template and available, and none of the old is left. */
export const deployment: Rule = {
    pods: podsOfSelector,
    judge(object) {
        if (at(object, "spec", "paused") === true) return READY;
        if (!isObserved(object)) return waiting("for the controller to take it up");
        const progressing = condition(object, "Progressing");
        if (progressing?.reason === "ProgressDeadlineExceeded")
            return failed(`the rollout does not progress: ${progressing.message ?? progressing.reason}`);
        const replicaFailure = condition(object, "ReplicaFailure");
        const count = wanted(object);
        const updated = numberAt(object, "status", "updatedReplicas");
        const total = numberAt(object, "status", "replicas");
        const available = numberAt(object, "status", "availableReplicas");
        if (updated < count) {
            const why = replicaFailure?.status === "True" ? `: ${replicaFailure.message ?? replicaFailure.reason ?? ""}` : "";
            return waiting(`${updated} of ${count} pods created${why}`);
        }
        if (updated > count) return waiting(`${updated - count} pods to go`);
        if (total > updated) return waiting(`${total - updated} old pods to go`);
        if (available < updated) return waiting(`${available} of ${updated} pods available`);
        return READY;
    },
};

export const statefulSet: Rule = {
    pods: podsOfSelector,
    judge(object) {
        if (!isObserved(object)) return waiting("for the controller to take it up");
        const count = wanted(object);
        const ready = numberAt(object, "status", "readyReplicas");
        const updated = numberAt(object, "status", "updatedReplicas");
        if (stringAt(object, "spec", "updateStrategy", "type") !== "OnDelete") {
            const partition = numberAt(object, "spec", "updateStrategy", "rollingUpdate", "partition");
            const toUpdate = Math.max(0, count - partition);
            const revision = stringAt(object, "status", "updateRevision");
            const settled = revision !== "" && revision === stringAt(object, "status", "currentRevision");
            if (!settled && updated < toUpdate) return waiting(`${updated} of ${toUpdate} pods updated`);
            if (!settled && partition === 0) return waiting("for the last pods to be of the new revision");
        }
        const total = numberAt(object, "status", "replicas");
        if (ready < count || total !== count) return waiting(`${ready} of ${count} pods ready`);
        return READY;
    },
};

export const daemonSet: Rule = {
    pods: podsOfSelector,
    judge(object) {
        if (!isObserved(object)) return waiting("for the controller to take it up");
        const count = numberAt(object, "status", "desiredNumberScheduled");
        const updated = numberAt(object, "status", "updatedNumberScheduled");
        const available = numberAt(object, "status", "numberAvailable");
        if (updated < count) return waiting(`${updated} of ${count} pods updated`);
        if (available < count) return waiting(`${available} of ${count} pods available`);
        return READY;
    },
};

export const replicationController: Rule = {
    pods: (object) => {
        const selector = at(object, "spec", "selector");
        return (pod) => selects({ matchLabels: selector ?? {} }, pod);
    },
    judge(object) {
        const count = wanted(object);
        const available = numberAt(object, "status", "availableReplicas");
        return available === count ? READY : waiting(`${available} of ${count} pods available`);
    },
};

export const job: Rule = {
    pods: podsOfSelector,
    judge(object) {
        const failure = condition(object, "Failed");
        if (failure?.status === "True") return failed(`the job failed: ${failure.message ?? failure.reason ?? ""}`);
        if (condition(object, "Complete")?.status === "True" || at(object, "spec", "suspend") === true) return READY;
        const {
            active,
            succeeded,
            failed: gone,
        } = {
            active: numberAt(object, "status", "active"),
            succeeded: numberAt(object, "status", "succeeded"),
            failed: numberAt(object, "status", "failed"),
        };
        return waiting(`pods: ${active} active, ${succeeded} succeeded, ${gone} failed`);
    },
};

export const pod: Rule = {
    pods:
        ({ metadata: { uid } }) =>
        (other) =>
            other.metadata.uid === uid,
    judge(object) {
        const phase = stringAt(object, "status", "phase");
        if (phase === "Succeeded" || condition(object, "Ready")?.status === "True") return READY;
        if (phase === "Failed")
            return failed(
                `the pod failed: ${stringAt(object, "status", "message") || stringAt(object, "status", "reason") || "a container ended with an error"}`,
            );
        const scheduled = condition(object, "PodScheduled");
        if (scheduled?.status === "False") return waiting(`to be scheduled: ${scheduled.message ?? ""}`);
        return waiting(`${phase || "Pending"}, not ready`);
    },
};
